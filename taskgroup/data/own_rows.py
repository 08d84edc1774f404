"""Tables in which every task has rows of its own: one long table, or a table for each task."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from taskgroup.data.dataset import Target
from taskgroup.data.labels import build_target
from taskgroup.data.table import Column, Table, as_column, is_missing
from taskgroup.errors import InputError, nearest
from taskgroup.spec import Study, Task

MIN_TASK_ROWS = 10


@dataclass(frozen=True, eq=False)
class OwnRows:
    """A table of all tasks' rows.

    Attributes:
        table: The rows, one below the other.
        owner: ``[N]`` int64, the position of the task that each row belongs to.
    """

    table: Table
    owner: npt.NDArray[np.int64]


def split_by_task(table: Table, study: Study) -> OwnRows:
    """Find out from ``data.task_column`` which row belongs to which task; rows of no task are left out.

    Raises:
        InputError: If the column is unknown or has gaps, or a task has too few rows.
    """
    name = str(study.data.task_column)
    column = table.column(name, wanted_by="data.task_column")
    if column.dtype.kind in "biufO" and is_missing(column).any():
        row = int(np.argmax(is_missing(column)))
        raise InputError(
            f"data.task_column {name!r} is empty in row {row + 1}; fill it in, or drop the row from the table"
        )
    values = np.array([_text(value) for value in column.tolist()], dtype=object)
    wanted = [task.name if task.rows is None else _text(task.rows) for task in study.tasks]
    _require_distinct(study.tasks, wanted)
    position = {value: i for i, value in enumerate(wanted)}
    owner = np.array([position.get(value, -1) for value in values], dtype=np.int64)
    for i, value in enumerate(wanted):
        if not (owner == i).any():
            known = nearest(value, dict.fromkeys(values.tolist()))
            key = "rows" if study.tasks[i].rows is not None else "name"
            raise InputError(
                f"tasks[{i}].{key} {value!r} is no value of data.task_column {name!r} in {table.place}; "
                f"{known}"
            )
    kept = owner >= 0
    notes = _left_out(values[~kept], name)
    columns = {key: values[kept] for key, values in table.columns.items()}
    joined = Table(table.place, columns, table.label_columns, (*table.warnings, *notes))
    return _checked(OwnRows(joined, owner[kept]), study)


def join_tables(tables: Mapping[str, Table], study: Study) -> OwnRows:
    """Put the tables of all tasks below each other.

    Args:
        tables: One for each task, by name.
        study: Whose features must stand in all of them.

    Raises:
        InputError: If feature columns differ, a task lacks its target, or has too few rows.
    """
    ordered = [tables[name] for name in study.task_names]
    for i, (task, table) in enumerate(zip(study.tasks, ordered, strict=True)):
        for column in task.columns:
            table.column(column, wanted_by=f"tasks[{i}].target (task {task.name!r}):")
    _require_same_features(ordered, study)
    names = dict.fromkeys(name for table in ordered for name in table.columns)
    columns = {name: _stacked(name, ordered) for name in names}
    place = ", ".join(dict.fromkeys(table.place for table in ordered))
    labels = dict.fromkeys(name for table in ordered for name in table.label_columns)
    notes = dict.fromkeys(note for table in ordered for note in table.warnings)
    owner = np.repeat(np.arange(len(ordered)), [table.n_rows for table in ordered])
    return _checked(OwnRows(Table(place, columns, tuple(labels), tuple(notes)), owner), study)


def own_target(rows: OwnRows, task: Task, *, position: int) -> Target:
    """The labels of a task on its own rows; missing elsewhere.

    Raises:
        InputError: As `build_target`.
    """
    table, own = rows.table, np.flatnonzero(rows.owner == position)
    columns = {name: as_column(table.columns[name][own]) for name in task.columns if name in table.columns}
    part = Table(table.place, columns or {"": own}, (*table.label_columns, *table.columns))
    target = build_target(part, task, position=position)
    values = np.full((table.n_rows, *target.values.shape[1:]), np.nan)
    values[own] = target.values
    return Target(task, values, target.classes)


def _text(value: object) -> str:
    """A task's mark as text: whole numbers without a point, however the column was read."""
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def _require_distinct(tasks: Sequence[Task], wanted: Sequence[str]) -> None:
    first: dict[str, Task] = {}
    for task, value in zip(tasks, wanted, strict=True):
        if first.setdefault(value, task) is not task:
            raise InputError(
                f"tasks {first[value].name!r} and {task.name!r} both have the rows {value!r}; each row "
                "belongs to one task, so change 'rows' of one of them"
            )


def _left_out(values: npt.NDArray[np.object_], name: str) -> list[str]:
    if not len(values):
        return []
    found = sorted(set(values.tolist()))
    shown = ", ".join(map(repr, found[:5])) + (f" and {len(found) - 5} more" if len(found) > 5 else "")
    return [f"{len(values):,} rows whose {name!r} is {shown} belong to no task and were left out"]


def _checked(rows: OwnRows, study: Study) -> OwnRows:
    for i, n_rows in enumerate(np.bincount(rows.owner, minlength=len(study.tasks)).tolist()):
        if n_rows < MIN_TASK_ROWS:
            raise InputError(
                f"task {study.tasks[i].name!r} has {n_rows} rows, but training, validation and test need at "
                f"least {MIN_TASK_ROWS}; add rows, or drop the task"
            )
    return rows


def _require_same_features(tables: Sequence[Table], study: Study) -> None:
    data = study.data
    if data.features is not None:
        for table in tables:
            for i, name in enumerate(data.features):
                table.column(name, wanted_by=f"data.features[{i}]")
        return
    other = {*data.exclude, data.weight, data.split.column, *(task.weight for task in study.tasks)}
    other |= {name for task in study.tasks for name in task.columns}
    other |= {name for table in tables for name in table.label_columns}
    features = [[name for name in table.columns if name not in other] for table in tables]
    for table, names in zip(tables, features, strict=True):
        differing = sorted({*features[0]} ^ {*names})
        if differing:
            raise InputError(
                f"{tables[0].place} and {table.place} differ in column {differing[0]!r}, but all tasks learn "
                "from features of the same names; list these under data.features, or the others under "
                "data.exclude"
            )


def _stacked(name: str, tables: Sequence[Table]) -> Column:
    """A column of all tables; missing where a table does not have it."""
    present = [table.columns.get(name) for table in tables]
    kinds = {column.dtype.kind for column in present if column is not None}
    whole = None not in [None if column is None else 1 for column in present]
    if kinds <= set("biuf") or (whole and len(kinds) == 1 and kinds <= set("Mm")):
        fill = [np.full(t.n_rows, np.nan) if c is None else c for t, c in zip(tables, present, strict=True)]
        return np.concatenate(fill)
    objects = [
        np.full(t.n_rows, None, dtype=object) if c is None else c.astype(object)
        for t, c in zip(tables, present, strict=True)
    ]
    return as_column(np.concatenate(objects))
