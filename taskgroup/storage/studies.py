"""Studies and the runs that they use, as rows."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, case, func, insert, select, update

from taskgroup.errors import NotFoundError
from taskgroup.spec import Study
from taskgroup.storage.contract import StoredStudy
from taskgroup.storage.runs import bindable_parts
from taskgroup.storage.schema import RunRow, StudyRow, StudyRunRow


def stored_studies(connection: Connection, *, name: str | None = None) -> list[StoredStudy]:
    """Read all studies, or the one of a name, with counts of the runs that they use, oldest first."""
    counts = (
        select(StudyRunRow.study_id, _count("ok").label("finished"), _count("failed").label("failed"))
        .join(RunRow, RunRow.id == StudyRunRow.run_id)
        .group_by(StudyRunRow.study_id)
    )
    if name is not None:
        counts = counts.where(StudyRunRow.study_id.in_(select(StudyRow.id).where(StudyRow.name == name)))
    runs = counts.subquery()
    query = (
        select(
            StudyRow.id,
            StudyRow.name,
            StudyRow.document,
            StudyRow.data_fingerprint,
            StudyRow.context,
            StudyRow.created_at,
            StudyRow.updated_at,
            func.coalesce(runs.c.finished, 0),
            func.coalesce(runs.c.failed, 0),
        )
        .join(runs, runs.c.study_id == StudyRow.id, isouter=True)
        .order_by(StudyRow.id)
    )
    if name is not None:
        query = query.where(StudyRow.name == name)
    return [StoredStudy(*row) for row in connection.execute(query)]


def _count(status: str) -> ColumnElement[int]:
    """Different runs of a status, however many stages use each."""
    return func.count(case((RunRow.status == status, RunRow.id)).distinct())


def insert_study(connection: Connection, study: Study, data_fingerprint: str) -> int:
    """Store a new study; returns its id."""
    now = datetime.now(UTC)
    row = {
        "name": study.name,
        "document": study.document(),
        "data_fingerprint": data_fingerprint,
        "context": study.context(data_fingerprint),
        "created_at": now,
        "updated_at": now,
    }
    return connection.execute(insert(StudyRow).values(row).returning(StudyRow.id)).scalar_one()


def touch_study(connection: Connection, study_id: int, **changes: Any) -> None:
    """Move a study's last activity to now, and change the named columns.

    Raises:
        NotFoundError: If there is no such study.
    """
    values = {"updated_at": datetime.now(UTC), **changes}
    touched = connection.execute(update(StudyRow).where(StudyRow.id == study_id).values(values))
    if touched.rowcount == 0:
        raise NotFoundError(f"there is no study with id {study_id}; open_study returns the ids to use")


def link_runs(connection: Connection, study_id: int, stage: str, ids: Sequence[int]) -> None:
    """Note the uses of runs that are new to the stage, counting on from the study's last use."""
    uses = select(StudyRunRow.run_id).filter_by(study_id=study_id, stage=stage)
    known = {
        run_id
        for part in bindable_parts(ids)
        for run_id in connection.scalars(uses.where(StudyRunRow.run_id.in_(part)))
    }
    after_last = select(func.coalesce(func.max(StudyRunRow.position) + 1, 0)).filter_by(study_id=study_id)
    start = connection.execute(after_last).scalar_one()
    rows = [
        {"study_id": study_id, "run_id": run_id, "stage": stage, "position": position}
        for position, run_id in enumerate((i for i in ids if i not in known), start)
    ]
    if rows:
        connection.execute(insert(StudyRunRow), rows)
