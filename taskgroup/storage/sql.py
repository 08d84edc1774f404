"""The record in an SQL database: SQLite in a file or in memory, or PostgreSQL for several machines."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, final

from sqlalchemy import insert, select

from taskgroup.errors import NotFoundError, StudyChangedError, nearest
from taskgroup.spec import RunResult, Study
from taskgroup.storage.changes import study_changes
from taskgroup.storage.contract import Record, StoredEvent, StoredStudy
from taskgroup.storage.database import Database, connect
from taskgroup.storage.location import parse_location
from taskgroup.storage.runs import insert_results, read_results, read_run_key, run_ids
from taskgroup.storage.schema import AffinityRow, EventRow, GroupingRow
from taskgroup.storage.studies import insert_study, link_runs, stored_studies, touch_study
from taskgroup.storage.version import bring_up_to_date

if TYPE_CHECKING:
    import pandas as pd

_WHAT_CHANGED = {
    "data": "data: the rows have changed",
    "trainer": "trainer: a file that it names has changed, so that its runs may differ from the earlier ones",
}


def open_record(url: str, *, must_exist: bool = False) -> SqlRecord:
    """Open a record, creating or migrating its tables where needed.

    Args:
        url: `sqlite:///FILE`, `sqlite://` (in memory, gone when closed, one thread at a time) or
            `postgresql://user:password@host/database`.
        must_exist: Create nothing: for commands that only show what is there.

    Raises:
        InputError: If the URL cannot be used: unknown kind of database, missing or read-only folder,
            a file that is no database or damaged, another program's tables, a newer taskgroup's schema.
        NotFoundError: If the record must exist and does not.
        MissingExtraError: If the database's driver is not installed.
        RecordError: If the server cannot be reached.

    >>> with open_record("sqlite://") as record:
    ...     record.studies()
    []
    """
    database = connect(parse_location(url, must_exist=must_exist))
    try:
        bring_up_to_date(database, must_exist=must_exist)
    except BaseException:
        database.close()
        raise
    return SqlRecord(database)


@final
class SqlRecord(Record):
    """A record in the tables of `taskgroup.storage.schema`; `open_record` makes one.

    Every method is one transaction. Reads select columns of the typed tables, writes are bulk inserts.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    @property
    def place(self) -> str:
        """The database's URL without its password."""
        return self._database.place

    def open_study(self, study: Study, *, data_fingerprint: str) -> int:
        """Store a study, or find it again unchanged."""
        with self._database.writing() as connection:
            stored = next(iter(stored_studies(connection, name=study.name)), None)
            if stored is None:
                return insert_study(connection, study, data_fingerprint)
            self._refuse_changes(study, data_fingerprint, stored)
            document, context = study.document(), study.context(data_fingerprint)
            if (document, context) != (stored.document, stored.context):
                touch_study(connection, stored.id, document=document, context=context)
            return stored.id

    def study_named(self, name: str) -> StoredStudy:
        """Look up a study by its name."""
        with self._database.reading() as connection:
            for stored in stored_studies(connection, name=name):
                return stored
            names = [stored.name for stored in stored_studies(connection)]
        known = nearest(name, names) if names else "it holds no studies yet"
        raise NotFoundError(f"storage '{self.place}' has no study {name!r}; {known}")

    def studies(self) -> list[StoredStudy]:
        """All studies with counts of their runs, oldest first."""
        with self._database.reading() as connection:
            return stored_studies(connection)

    def results(self, context: str) -> dict[str, RunResult]:
        """Every run of a training context, by key."""
        with self._database.reading() as connection:
            return read_results(connection, context)

    def add_results(self, study_id: int, context: str, stage: str, results: Sequence[RunResult]) -> None:
        """Record a cohort in one transaction and link it to the stage."""
        first: dict[str, RunResult] = {}
        for result in results:
            first.setdefault(result.spec.key(context), result)
        now = datetime.now(UTC)
        with self._database.writing() as connection:
            touch_study(connection, study_id)
            ids = insert_results(connection, context, first, at=now)
            link_runs(connection, study_id, stage, [ids[key] for key in first])

    def link(self, study_id: int, stage: str, keys: Sequence[str]) -> None:
        """Note that a stage uses recorded runs."""
        with self._database.writing() as connection:
            touch_study(connection, study_id)
            ids = run_ids(connection, keys)
            unknown = [key for key in keys if key not in ids]
            if unknown:
                raise NotFoundError(
                    f"storage '{self.place}' has no run {unknown[0]!r} ({len(unknown)} of {len(keys)} keys "
                    "are unknown); record a run with add_results before it is linked"
                )
            link_runs(connection, study_id, stage, [ids[key] for key in dict.fromkeys(keys)])

    def run_key(self, run_id: int) -> str:
        """The key of a run, by its number in `runs_frame`.

        Raises:
            NotFoundError: If there is no such run.
        """
        with self._database.reading() as connection:
            key = read_run_key(connection, run_id)
        if key is None:
            raise NotFoundError(f"storage '{self.place}' has no run {run_id}; the column run_id names them")
        return key

    def runs_frame(self, study_id: int, *, every_stage: bool = False) -> pd.DataFrame:
        """The study's runs, one row a run, task and split."""
        from taskgroup.storage.frames import read_runs_frame  # pandas takes 0.8 s to import

        with self._database.reading() as connection:
            return read_runs_frame(connection, study_id, every_stage=every_stage)

    def save_affinity(self, study_id: int, estimator: str, document: Mapping[str, Any]) -> None:
        """Keep what an estimator found."""
        self._append(AffinityRow, study_id, document, estimator=estimator)

    def affinities(self, study_id: int) -> dict[str, dict[str, Any]]:
        """The latest document of each estimator."""
        query = (
            select(AffinityRow.estimator, AffinityRow.document)
            .filter_by(study_id=study_id)
            .order_by(AffinityRow.id)
        )
        with self._database.reading() as connection:
            return dict(connection.execute(query).all())

    def save_grouping(self, study_id: int, document: Mapping[str, Any], *, final: bool) -> None:
        """Keep a grouping."""
        self._append(GroupingRow, study_id, document, final=final)

    def grouping(self, study_id: int) -> dict[str, Any] | None:
        """The latest grouping, a final one if there is any."""
        query = (
            select(GroupingRow.document)
            .filter_by(study_id=study_id)
            .order_by(GroupingRow.final.desc(), GroupingRow.id.desc())
            .limit(1)
        )
        with self._database.reading() as connection:
            return connection.scalars(query).one_or_none()

    def add_event(self, study_id: int, kind: str, document: Mapping[str, Any]) -> None:
        """Note something that happened."""
        self._append(EventRow, study_id, document, kind=kind)

    def events(self, study_id: int, *, kind: str | None = None) -> list[StoredEvent]:
        """What happened, in order."""
        query = select(EventRow.kind, EventRow.document, EventRow.at).filter_by(study_id=study_id)
        if kind is not None:
            query = query.filter_by(kind=kind)
        with self._database.reading() as connection:
            return [StoredEvent(*row) for row in connection.execute(query.order_by(EventRow.id))]

    def close(self) -> None:
        """Close every connection; a database in memory is gone then."""
        self._database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def _refuse_changes(self, study: Study, data_fingerprint: str, stored: StoredStudy) -> None:
        same_rows = data_fingerprint == stored.data_fingerprint
        changes = study_changes(stored.document, study.document(), same_rows=same_rows)
        if not same_rows:
            changes.append(_WHAT_CHANGED["data" if study.trainer is None else "trainer"])
        if changes:
            listed = "".join(f"\n  {change}" for change in changes)
            raise StudyChangedError(
                f"study '{study.name}' differs from the one of that name in storage '{self.place}':{listed}\n"
                "--name NEW keeps the stored study and starts another"
            )

    def _append(
        self,
        table: type[AffinityRow | GroupingRow | EventRow],
        study_id: int,
        document: Mapping[str, Any],
        **own: Any,
    ) -> None:
        row = {"study_id": study_id, "document": document, "at": datetime.now(UTC), **own}
        with self._database.writing() as connection:
            touch_study(connection, study_id)
            connection.execute(insert(table).values(row))
