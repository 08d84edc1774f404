"""The validation losses of the runs of a cohort, epoch after epoch, for samplings that follow them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import final

import numpy as np
from numpy.typing import NDArray

from taskgroup.spec import RunSpec

Floats = NDArray[np.float64]


@final
class ValidationHistory:
    """What is known of every task of every run; it outlives the runs that leave the cohort."""

    def __init__(self) -> None:
        self._losses: dict[tuple[RunSpec, int], list[float]] = {}

    def add(self, branches: Sequence[tuple[RunSpec, int]], losses: Floats) -> None:
        """Note the losses after an epoch.

        Args:
            branches: Runs and the positions of their tasks, P of them.
            losses: [P].
        """
        for branch, loss in zip(branches, losses.tolist(), strict=True):
            self._losses.setdefault(branch, []).append(loss)

    def of(self, run: RunSpec, tasks: Sequence[int]) -> Floats:
        """The losses of some tasks of a run, [epochs, tasks]."""
        return np.array([self._losses.get((run, task), []) for task in tasks]).T
