"""What tasks reach alone, for samplings that compare runs with single-task ones."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import final

from taskgroup.spec import RunSpec, Sharing

TrainAlone = Callable[[Sequence[RunSpec]], Mapping[RunSpec, float]]


@final
class SingleTaskLosses:
    """The lowest validation losses of single-task runs with the settings and seed of others, trained once.

    Args:
        train: Trains single-task runs and returns the lowest validation loss of each that had one.
    """

    def __init__(self, train: TrainAlone) -> None:
        self._train = train
        self._trained: set[RunSpec] = set()
        self._lowest: dict[RunSpec, float] = {}

    def of(self, runs: Sequence[RunSpec]) -> dict[RunSpec, dict[str, float]]:
        """Look up, and train where needed, the tasks of some runs.

        Returns:
            By run and task name; tasks whose single-task run diverged at once are left out.
        """
        alone = {run: {task: _single(run, task) for task in run.subset} for run in runs}
        new = {single: None for tasks in alone.values() for single in tasks.values()}
        missing = [single for single in new if single not in self._trained]
        if missing:
            self._lowest |= self._train(missing)
            self._trained |= set(missing)
        return {
            run: {task: self._lowest[single] for task, single in tasks.items() if single in self._lowest}
            for run, tasks in alone.items()
        }


def _single(run: RunSpec, task: str) -> RunSpec:
    return replace(run, subset=(task,), sharing=Sharing(), weighting="equal", distillation="")
