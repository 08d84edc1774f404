"""A study's runs as one table, built from two queries and a join."""

from __future__ import annotations

import pandas as pd
from sqlalchemy import Connection, Executable, select

from taskgroup.spec import SEPARATOR
from taskgroup.storage.schema import RunRow, ScoreRow, StudyRunRow

RUN_COLUMNS = {
    "run_id": "int64",
    "stage": "str",
    "subset": "str",
    "n_tasks": "int64",
    "seed": "int64",
    "sharing": "str",
    "depth": "int64",
    "weighting": "str",
    "learning_rate": "float64",
    "weight_decay": "float64",
    "fidelity": "float64",
    "capacity": "float64",
    "sampling": "str",
    "distillation": "str",
    "status": "str",
    "reason": "str",
    "seconds": "float64",
    "epochs": "int64",
    "task": "str",
    "split": "str",
    "metric": "str",
    "value": "float64",
}
"""The columns of a study's runs, in order, with their dtypes; an empty table has them too."""


def read_runs_frame(connection: Connection, study_id: int, *, every_stage: bool) -> pd.DataFrame:
    """Read the runs that a study uses: one row a run, task and split, in the order of use.

    Shape: [runs × tasks × splits, 22]; a run without scores has one row.
    """
    runs = _read_uses(connection, study_id)
    if not every_stage:
        runs = runs.drop_duplicates("run_id")
    frame = runs.merge(_read_scores(connection, study_id), on="run_id", how="left")
    frame["n_tasks"] = frame["subset"].str.count(f"[{SEPARATOR}]") + 1
    return frame[list(RUN_COLUMNS)].astype(RUN_COLUMNS)


def _read_uses(connection: Connection, study_id: int) -> pd.DataFrame:
    """One row a stage and run, the first use first."""
    query = (
        select(
            RunRow.id.label("run_id"),
            StudyRunRow.stage,
            RunRow.subset,
            RunRow.seed,
            RunRow.sharing_kind.label("sharing"),
            RunRow.sharing_depth.label("depth"),
            RunRow.weighting,
            RunRow.learning_rate,
            RunRow.weight_decay,
            RunRow.fidelity,
            RunRow.capacity,
            RunRow.sampling,
            RunRow.distillation,
            RunRow.status,
            RunRow.reason,
            RunRow.seconds,
            RunRow.epochs,
        )
        .join(StudyRunRow, StudyRunRow.run_id == RunRow.id)
        .where(StudyRunRow.study_id == study_id)
        .order_by(StudyRunRow.position, RunRow.id)
    )
    return _frame(connection, query)


def _read_scores(connection: Connection, study_id: int) -> pd.DataFrame:
    used = select(StudyRunRow.run_id).where(StudyRunRow.study_id == study_id)
    query = (
        select(ScoreRow.run_id, ScoreRow.task, ScoreRow.split, ScoreRow.metric, ScoreRow.value)
        .where(ScoreRow.run_id.in_(used))
        .order_by(ScoreRow.run_id, ScoreRow.position)
    )
    return _frame(connection, query)


def _frame(connection: Connection, query: Executable) -> pd.DataFrame:
    rows = connection.execute(query)
    plain = [tuple(row) for row in rows]  # from SQLAlchemy's own row type pandas builds it eight times slower
    frame = pd.DataFrame.from_records(plain, columns=list(rows.keys()))
    return frame.astype({name: dtype for name, dtype in RUN_COLUMNS.items() if name in frame})
