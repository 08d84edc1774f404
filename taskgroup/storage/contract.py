"""What a record is: the one place where finished runs and what was concluded from them are kept.

A search asks the record what is known, trains what is missing, and hands each finished cohort back. So
the record alone decides what a crash costs. Another store than `SqlRecord` is welcome where it passes
`tests/suites/record_suite.py`; what it must promise stands here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import TracebackType
from typing import TYPE_CHECKING, Any, Protocol, Self

from taskgroup.errors import TaskgroupError
from taskgroup.spec import RunResult, Study, parse_study

if TYPE_CHECKING:
    import pandas as pd  # 0.8 s of import that only the tables need


class RecordError(TaskgroupError, RuntimeError):
    """The store failed while in use: disk full, server gone, locked too long. Nothing is half written."""


@dataclass(frozen=True)
class StoredStudy:
    """A study as the record holds it.

    Attributes:
        id: What the record's methods call it by.
        name: Unique in the record.
        document: `Study.document()` as last given.
        data_fingerprint: The hash of the rows that it was opened with.
        context: The training context whose runs it may use.
        created_at: When it was first opened (UTC).
        last_activity: When anything was last recorded for it (UTC).
        runs_finished: Different runs that it uses, in any stage, and that have scores.
        runs_failed: Different runs that it uses and that failed.
    """

    id: int
    name: str
    document: Mapping[str, Any]
    data_fingerprint: str
    context: str
    created_at: datetime
    last_activity: datetime
    runs_finished: int
    runs_failed: int

    def study(self) -> Study:
        """Rebuild the study itself.

        Raises:
            InputError: If it was stored by a version with other rules for studies.
        """
        return parse_study(self.document, place=f"stored study '{self.name}'")


@dataclass(frozen=True)
class StoredEvent:
    """Something worth telling that happened to a study: what, in numbers and names, and when (UTC)."""

    kind: str
    document: Mapping[str, Any]
    at: datetime


class Record(Protocol):
    """Studies, the runs that they use, and what was concluded from them.

    Runs belong to a training context (data, tasks, model, training), not to a study: studies of one
    context share them, and a study only *links* a run to the stage in which it used it.

    What every method promises:

    - *Atomic.* A call's writes are all there or none is, whoever is killed when.
    - *Durable.* Once a call has returned, its writes survive SIGKILL of every process involved.
    - *Idempotent.* Recording a run or a link again changes nothing. The first result of a run stands,
      a failed one too: the key says what was trained, so a second result could only differ by chance.
    - *Concurrent.* Several processes may open the same record and write at once, for one study or for
      several; a writer waits for another rather than fail. Each process opens the record itself: an
      open record must not cross a fork.
    - *Exact.* Numbers come back bit for bit. A score that is not a number comes back as NaN; in
      documents, numbers that JSON cannot say (NaN, infinities) come back as None.

    Raises (any method):
        RecordError: If the store fails while in use.
        NotFoundError: If a study id or a run key that is written to is not in the record.
    """

    @property
    def place(self) -> str:
        """Where the record is, for messages: a URL without its password."""
        ...

    def open_study(self, study: Study, *, data_fingerprint: str) -> int:
        """Store a study, or find it again; returns its id.

        A study may be found again with another budget (`search.runs`, `search.time`), which is then
        stored; nothing else may differ, since results of two different studies would be mixed up.
        Settings that a stored study lacks, because they came with a later version, count as their
        defaults.

        Args:
            study: What to search; known by its name.
            data_fingerprint: A hash of the rows.

        Raises:
            StudyChangedError: If anything else differs; shows each differing key with both values.
        """
        ...

    def study_named(self, name: str) -> StoredStudy:
        """Look up a study.

        Raises:
            NotFoundError: If there is none of that name; lists the nearest ones.
        """
        ...

    def studies(self) -> list[StoredStudy]:
        """All studies, in the order in which they were created."""
        ...

    def results(self, context: str) -> dict[str, RunResult]:
        """Every run of a training context, finished or failed, by its key, in the order of recording.

        Runs that another study of the same context has trained are among them.
        """
        ...

    def add_results(self, study_id: int, context: str, stage: str, results: Sequence[RunResult]) -> None:
        """Record a cohort in one transaction and link its runs to the study's stage.

        A run whose key is known keeps its first result and is linked all the same.

        Args:
            study_id: From `open_study`.
            context: The training context of all the results.
            stage: What the study trained them for, such as `pairs` or `confirm`.
            results: Finished and failed runs, in any number.
        """
        ...

    def link(self, study_id: int, stage: str, keys: Sequence[str]) -> None:
        """Note that a stage uses runs that are recorded already, without training them.

        Raises:
            NotFoundError: If a key is not in the record; then no key is linked.
        """
        ...

    def run_key(self, run_id: int) -> str:
        """The key of a run, by its number in `runs_frame`.

        Raises:
            NotFoundError: If there is no such run.
        """

    def runs_frame(self, study_id: int, *, every_stage: bool = False) -> pd.DataFrame:
        """The study's runs in the order of use, one row a run, task and split.

        Columns: run_id, stage, subset, n_tasks, seed, sharing, depth, weighting, learning_rate,
        weight_decay, fidelity, capacity, sampling, distillation, status, reason, seconds, epochs, task,
        split, metric, value. A failed run has one row, without task, split, metric and value.

        Args:
            study_id: From `open_study`.
            every_stage: Give the rows of a run once for each stage that used it, instead of for the
                first one only. Rows must not be averaged over then without regard to the stage.
        """
        ...

    def save_affinity(self, study_id: int, estimator: str, document: Mapping[str, Any]) -> None:
        """Keep what an estimator found; earlier ones stay in the record."""
        ...

    def affinities(self, study_id: int) -> dict[str, dict[str, Any]]:
        """The latest document of each estimator, by the estimator's name."""
        ...

    def save_grouping(self, study_id: int, document: Mapping[str, Any], *, final: bool) -> None:
        """Keep a grouping: the one a search ends with (`final`), or an interim one."""
        ...

    def grouping(self, study_id: int) -> dict[str, Any] | None:
        """The latest final grouping, else the latest interim one, else None."""
        ...

    def add_event(self, study_id: int, kind: str, document: Mapping[str, Any]) -> None:
        """Note something that happened."""
        ...

    def events(self, study_id: int, *, kind: str | None = None) -> list[StoredEvent]:
        """What happened, in order; only one kind where that is given."""
        ...

    def close(self) -> None:
        """Let go of files and connections; the record cannot be used afterwards."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None: ...
