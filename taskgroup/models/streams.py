"""Which runs of a cohort read the same input: those that stand together and are alike in some respect."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence

import numpy as np

from taskgroup.spec import RunSpec

StreamOf = Callable[[RunSpec], object]
"""What consecutive runs have in common that read the same input."""


def by_seed(run: RunSpec) -> object:
    """Runs of one seed read the same input."""
    return run.seed


def numbered_streams(members: Sequence[RunSpec], stream_of: StreamOf) -> np.ndarray:
    """The input that each run reads, [R]; what comes back later is another input.

    >>> from taskgroup.spec import Sharing
    >>> runs = [RunSpec(("a",), Sharing(), "equal", 1e-3, 0.0, seed) for seed in (3, 3, 5, 3)]
    >>> numbered_streams(runs, by_seed).tolist()
    [0, 0, 1, 2]
    """
    values = [stream_of(member) for member in members]
    return np.cumsum([0, *(before != after for before, after in itertools.pairwise(values))])
