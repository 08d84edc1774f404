"""The validation losses of the runs of a cohort, epoch after epoch, for samplings that follow them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import final

import numpy as np
from numpy.typing import NDArray

from taskgroup.spec import RunSpec

Floats = NDArray[np.float64]


@final
class ValidationHistory:
    """What is known of every task of every run; it outlives the runs that leave the cohort.

    Args:
        alone: The lowest losses of single-task runs with the same settings, by run and task name.
    """

    def __init__(self, alone: Mapping[RunSpec, Mapping[str, float]] | None = None) -> None:
        self._alone = alone or {}
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

    def alone(self, run: RunSpec) -> Mapping[str, float]:
        """The lowest losses of single-task runs with the settings of this one, by task name."""
        return self._alone.get(run, {})

    def lowest(self) -> dict[RunSpec, float]:
        """The lowest finite loss of every run of a single task; runs that never had one are left out."""
        finite = {run: [v for v in losses if math.isfinite(v)] for (run, _), losses in self._losses.items()}
        return {run: min(losses) for run, losses in finite.items() if losses}
