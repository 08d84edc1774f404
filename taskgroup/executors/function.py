"""Training by a function of the user's: any framework, any machine."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import final

from taskgroup.errors import InputError
from taskgroup.spec import RunResult, RunSpec, Score, Sharing, Subset, Task, main_tasks

_LARGEST = 1e100  # larger scores overflow when they are squared


@dataclass(frozen=True)
class Request:
    """What the user's function is asked to train.

    Attributes:
        subset: Names of the tasks to train together.
        seed: Repetition; the same seed should mean the same rows and initial weights in every subset.
        fidelity: Share of the full training length, in (0, 1].
        sharing: How the tasks should share the encoder.
        weighting: How their losses should be weighted.
    """

    subset: Subset
    seed: int
    fidelity: float
    sharing: Sharing
    weighting: str


TrainFunction = Callable[[Request], Mapping[str, float]]


@final
class FunctionExecutor:
    """Calls the function once a run, in this thread.

    Args:
        function: Takes a `Request`, returns one score for each task of its subset.
        tasks: Name the metric of the scores; what is returned for auxiliary tasks is not looked at.
    """

    def __init__(self, function: TrainFunction, tasks: Sequence[Task]) -> None:
        self._function = function
        self._metric = {task.name: task.score.name for task in main_tasks(tasks)}

    def pack(self, specs: Sequence[RunSpec]) -> list[list[RunSpec]]:
        """One run at a time, so that each is kept as soon as it is done."""
        return [[spec] for spec in specs]

    def train(self, cohorts: Sequence[Sequence[RunSpec]]) -> Iterator[list[RunResult]]:
        """Call the function; what it raises, or a score that is no number, fails that run alone."""
        for cohort in cohorts:
            yield [self._run(spec) for spec in cohort]

    def close(self) -> None:
        """Nothing to let go of."""

    def _run(self, spec: RunSpec) -> RunResult:
        started = time.perf_counter()
        request = Request(spec.subset, spec.seed, spec.fidelity, spec.sharing, spec.weighting)
        try:
            returned = self._function(request)
        except Exception as error:  # the user's trainer may fail in any way; the search goes on
            return RunResult(
                spec,
                "failed",
                seconds=time.perf_counter() - started,
                reason=f"train() raised {type(error).__name__}: {error}",
            )
        seconds = time.perf_counter() - started
        scores = self._scores(spec, returned)
        for score in scores:
            if not abs(score.value) < _LARGEST:
                reason = f"train() returned {returned[score.task]!r:.50} for task {score.task!r}"
                return RunResult(spec, "failed", seconds=seconds, reason=reason)
        return RunResult(spec, "ok", scores, seconds=seconds)

    def _scores(self, spec: RunSpec, returned: Mapping[str, float]) -> tuple[Score, ...]:
        served = tuple(task for task in spec.subset if task in self._metric)
        if not isinstance(returned, Mapping) or set(served) - set(returned):
            raise InputError(
                f"train() must return a score for each task of its subset {served}, "
                f"as {{task: score}}, but returned {returned!r:.200}"
            )
        scores = []
        for task in served:
            try:
                value = float(returned[task])
            except (TypeError, ValueError):
                raise InputError(
                    f"train() returned {returned[task]!r:.50} for task {task!r} of {spec.subset}; a score is "
                    "a number (raise an exception where the training failed)"
                ) from None
            except OverflowError:
                value = math.inf
            scores.append(Score(task, "validation", self._metric[task], value))
        return tuple(scores)
