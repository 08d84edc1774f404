"""The kept weights of one study's runs, looked up by run."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property
from typing import final

from torch import Tensor

from taskgroup.data import Dataset
from taskgroup.spec import RunSpec, Study
from taskgroup.training.kept_weights import KeptWeights


@final
class KeptRuns:
    """What a trainer keeps.

    Args:
        weights: Where; None keeps nothing.
        study: With the rows, decides what a run's key is.
        dataset: The rows.
    """

    def __init__(self, weights: KeptWeights | None, study: Study, dataset: Dataset) -> None:
        self._weights, self._study, self._dataset = weights, study, dataset

    def find(self, run: RunSpec) -> Mapping[str, Tensor] | None:
        """The weights of a run, if they are kept and can be read."""
        return None if self._weights is None else self._weights.read(run.key(self._context))

    def keep(self, run: RunSpec, weights: Mapping[str, Tensor]) -> None:
        """Keep a run's weights, whoever's are asked for.

        Raises:
            InputError: If they cannot be written.
        """
        if self._weights is not None:
            self._weights.write(run.key(self._context), run, weights)

    def keep_wanted(self, run: RunSpec, weights: Callable[[], Mapping[str, Tensor]]) -> None:
        """Keep a finished run's weights, if they are among those that are asked for."""
        if self._weights is not None and self._weights.wants(run, n_blocks=self._study.model.n_blocks):
            self.keep(run, weights())

    @cached_property
    def _context(self) -> str:
        return self._study.context(self._dataset.fingerprint)
