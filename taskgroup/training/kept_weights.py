"""Trained weights in a folder: one safetensors file a run, named by the run's key.

A file is as large as the network's weights: 4 bytes a weight in float32. Files are written whole or not at
all, so that several processes may share a folder. Nothing depends on a file being there: a teacher whose file
is missing is trained again.
"""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

from torch import Tensor

from taskgroup.errors import InputError, NotFoundError
from taskgroup.spec import RunSpec

Kept = Literal["none", "teachers", "single", "all"]
"""Whose weights are kept: of no runs, of those that may teach, of a single task, of all."""

_SUFFIX = ".safetensors"


@dataclass(frozen=True)
class KeptWeights:
    """The weights of a study's runs.

    Attributes:
        folder: Made when the first file is written.
        whose: The finished runs whose weights are kept.
    """

    folder: Path
    whose: Kept = "none"

    def wants(self, run: RunSpec, *, n_blocks: int) -> bool:
        """Whether a finished run's weights are to be kept."""
        if self.whose == "teachers":
            return _may_teach(run, n_blocks)
        return self.whose == "all" or (self.whose == "single" and len(run.subset) == 1)

    def write(self, key: str, run: RunSpec, weights: Mapping[str, Tensor]) -> None:
        """Keep a run's weights in place of those that are there.

        Raises:
            InputError: If the folder cannot be written to.
        """
        from safetensors.torch import save

        content = save(dict(weights), {"key": key, "run": json.dumps(asdict(run))})
        try:
            self.folder.mkdir(exist_ok=True)
            _replace(self.folder / f"{key}{_SUFFIX}", content)
        except OSError as error:
            raise InputError(
                f"weights cannot be kept in '{self.folder}' ({error.strerror}); make room there, or choose "
                "another storage"
            ) from None

    def read(self, key: str) -> dict[str, Tensor] | None:
        """A run's weights; None where there is no file, or one that is broken or another run's."""
        from safetensors import SafetensorError, safe_open

        try:
            with safe_open(self.folder / f"{key}{_SUFFIX}", framework="pt") as file:
                if (file.metadata() or {}).get("key") != key:
                    return None
                return {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        except (OSError, SafetensorError):
            return None


def read_kept(folder: Path, key: str) -> dict[str, Tensor]:
    """A run's weights, which must be there.

    Raises:
        NotFoundError: If they are not, or cannot be read.
    """
    weights = KeptWeights(folder).read(key)
    if weights is None:
        raise NotFoundError(
            f"'{folder}' has no readable weights of run {key}; search with search.keep_weights: all (or "
            "single, for single-task runs), and train it again"
        )
    return weights


def _may_teach(run: RunSpec, n_blocks: int) -> bool:
    """Whether a run is a single-task network of full length, size and depth that nobody teaches."""
    full = (run.fidelity, run.capacity, run.weighting, run.distillation) == (1.0, 1.0, "equal", "")
    return full and len(run.subset) == 1 and run.sharing.is_hard and run.sharing.depth == n_blocks


def _replace(path: Path, content: bytes) -> None:
    """Write a file that others see whole or not at all."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=path.stem, suffix=".part")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        os.replace(name, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(name)
        raise
