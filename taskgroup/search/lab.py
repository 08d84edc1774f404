"""Where runs are asked for: what the record knows is taken from it, the rest is trained and recorded.

A resumed search asks for the same batches in the same order and so walks through the record until it comes to
what is missing. Cohorts are packed from the batch as a whole, before looking what is recorded, and recorded
whole: the missing ones then train in the same company as they would have without the interruption, with the
same results to the last bit.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import final

from taskgroup.executors import Executor
from taskgroup.search.progress import Progress
from taskgroup.spec import RunResult, RunSpec
from taskgroup.storage import Record


@final
class Lab:
    """Trains for one study.

    Args:
        executor: Does the training.
        record: Keeps the results.
        study_id: The study in the record.
        context: Its training context.
        progress: Hears what happens.
    """

    def __init__(
        self, executor: Executor, record: Record, study_id: int, context: str, progress: Progress
    ) -> None:
        self._executor, self._record = executor, record
        self._study_id, self._context = study_id, context
        self._progress = progress
        self._recorded = record.results(context)
        self._started = time.monotonic()
        self.used: dict[RunSpec, RunResult] = {}
        self.n_trained = 0

    @property
    def seconds(self) -> float:
        """Wall time since the search began."""
        return time.monotonic() - self._started

    @property
    def training_seconds(self) -> float:
        """What the runs used so far took to train, now or in an earlier part of the search."""
        return sum(result.seconds for result in self.used.values())

    def known(self, spec: RunSpec) -> RunResult | None:
        """What was recorded or trained of a run; None where it is still to be trained."""
        return self.used.get(spec) or self._recorded.get(self._key(spec))

    def run(self, stage: str, specs: Sequence[RunSpec]) -> list[RunResult]:
        """Get the results of runs, in their order; each is trained at most once, ever."""
        wanted = list(dict.fromkeys(specs))
        new = [spec for spec in wanted if spec not in self.used]
        self._progress.stage(stage, len(new))
        missing = []
        packed = self._executor.pack(new)
        for cohort in packed:
            known = [self._recorded[key] for spec in cohort if (key := self._key(spec)) in self._recorded]
            self._take(known)
            missing.append([spec for spec in cohort if spec not in self.used])
        if recorded := [self._key(spec) for spec in wanted if spec in self.used]:
            self._record.link(self._study_id, stage, recorded)
        for results in self._executor.train([cohort for cohort in missing if cohort]):
            self._record.add_results(self._study_id, self._context, stage, results)
            self.n_trained += len(results)
            self._take(results)
        self._put_in_order(packed)
        return [self.used[spec] for spec in specs]

    def _take(self, results: Sequence[RunResult]) -> None:
        self.used |= {result.spec: result for result in results}
        if results:
            self._progress.advance(len(results), sum(not result.ok for result in results))

    def _put_in_order(self, packed: Sequence[Sequence[RunSpec]]) -> None:
        """As one worker would have ended them; sums over runs, and so decisions, depend on order."""
        for cohort in packed:
            self.used |= {spec: self.used.pop(spec) for spec in cohort}

    def _key(self, spec: RunSpec) -> str:
        return spec.key(self._context)
