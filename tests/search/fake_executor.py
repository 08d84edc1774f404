"""An executor that trains nothing: scores are computed from the run, and every cohort is noted."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from taskgroup.spec import SPLITS, RunResult, RunSpec, Score

ScoreOf = Callable[[RunSpec, str, str], float]
"""From a run, a task and a split to a score."""


class FakeExecutor:
    """Stands in for a trainer.

    Args:
        score_of: What a run would score; higher is better (R²).
        fails: Which runs fail.
        cohort_size: Runs packed together.
        stop_at: The cohort at which the user presses Ctrl-C, counted from 0.
    """

    def __init__(
        self,
        score_of: ScoreOf = lambda run, task, split: 0.0,
        *,
        fails: Callable[[RunSpec], bool] = lambda run: False,
        cohort_size: int = 3,
        stop_at: int | None = None,
    ) -> None:
        self._score_of, self._fails = score_of, fails
        self._cohort_size, self._stop_at = cohort_size, stop_at
        self.cohorts: list[list[RunSpec]] = []

    @property
    def trained(self) -> list[RunSpec]:
        return [run for cohort in self.cohorts for run in cohort]

    def pack(self, specs: Sequence[RunSpec]) -> list[list[RunSpec]]:
        size = self._cohort_size
        return [list(specs[i : i + size]) for i in range(0, len(specs), size)]

    def train(self, cohorts: Sequence[Sequence[RunSpec]]) -> Iterator[list[RunResult]]:
        for cohort in cohorts:
            if len(self.cohorts) == self._stop_at:
                raise KeyboardInterrupt
            self.cohorts.append(list(cohort))
            yield [self._result(run) for run in cohort]

    def close(self) -> None:
        pass

    def _result(self, run: RunSpec) -> RunResult:
        if self._fails(run):
            return RunResult(run, "failed", reason="meant to fail")
        scores = (
            Score(task, split, "r2", self._score_of(run, task, split))
            for split in SPLITS
            for task in run.subset
        )
        return RunResult(run, "ok", tuple(scores), seconds=0.001, epochs=1)
