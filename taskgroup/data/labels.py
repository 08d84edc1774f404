"""From the columns of a table to the labels of a task, each checked against the task's kind."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from taskgroup.data.classes import constant_labels, encode_classes, refuse_infinite, unfit_type
from taskgroup.data.dataset import Target
from taskgroup.data.table import Column, Table, is_missing
from taskgroup.errors import InputError
from taskgroup.spec import Kind, Task

MAX_CLASSES = 1000


def build_target(table: Table, task: Task, *, position: int) -> Target:
    """Encode the labels of one task.

    Args:
        table: Where the label columns stand.
        task: What they are labels of.
        position: The task's place in the task list, for messages.

    Raises:
        InputError: If a column is unknown, or its labels are all missing, all the same or do not suit the
            kind. The message names the task and the column.
    """
    wanted_by = f"tasks[{position}].target (task {task.name!r}):"
    columns = [table.column(name, wanted_by=wanted_by) for name in task.columns]
    for name, column in zip(task.columns, columns, strict=True):
        if column.dtype.kind not in "biufO":
            raise InputError(unfit_type(_about(task, name), column.dtype.name))
        if is_missing(column).all():
            raise InputError(f"{_about(task, name)} has no labels in any row; fill it in, or drop the task")
    return ENCODERS[task.kind](task, columns)


def label_warnings(target: Target) -> list[str]:
    """Say what about a task's labels is allowed but deserves a second look."""
    task = target.task
    warnings = []
    if task.kind == "multiclass" and len(target.classes) == 2:
        warnings.append(f"task {task.name!r} has two classes; kind 'binary' would score it by ranking")
    if task.kind != "regression":
        single = _single_row_labels(target)
        warnings.extend(f"task {task.name!r} has a single row of class {label!r}" for label in single)
    return warnings


def _single_row_labels(target: Target) -> list[object]:
    if target.task.kind == "multilabel":
        counts = np.nansum(target.values, axis=0)
    else:
        counts = np.bincount(target.values[target.labelled].astype(np.int64))
    return [label for label, count in zip(target.classes, counts, strict=True) if count == 1]


def _binary(task: Task, columns: list[Column]) -> Target:
    codes, classes = encode_classes(columns[0], about=_about(task))
    if len(classes) > 2:
        raise InputError(
            f"{_about(task)} has {len(classes):,} distinct labels ({_shown(classes)}), but kind 'binary' "
            f"needs two; use kind 'multiclass'{_or_regression(columns[0])}"
        )
    return Target(task, codes, classes)


def _multiclass(task: Task, columns: list[Column]) -> Target:
    codes, classes = encode_classes(columns[0], about=_about(task))
    fraction = next((label for label in classes if isinstance(label, float)), None)
    if fraction is not None:
        raise InputError(
            f"{_about(task)} holds the fraction {fraction}, which is no class; use kind 'regression', or "
            "name the classes"
        )
    if len(classes) > MAX_CLASSES:
        raise InputError(
            f"{_about(task)} has {len(classes):,} distinct labels, more than the {MAX_CLASSES:,} classes of "
            f"kind 'multiclass'; merge rare ones{_or_regression(columns[0], verb='use ')}"
        )
    return Target(task, codes, classes)


def _multilabel(task: Task, columns: list[Column]) -> Target:
    if isinstance(task.target, str):
        raise InputError(
            f"{_about(task)} is one column, but kind 'multilabel' needs a list of 0/1 columns; "
            "write target: [first, second, ...], or use kind 'binary' or 'multiclass'"
        )
    repeated = sorted({name for name in task.columns if task.columns.count(name) > 1})
    if repeated:
        raise InputError(f"{_about(task, repeated[0])} is listed twice; keep one")
    codes = []
    for name, column in zip(task.columns, columns, strict=True):
        column_codes, classes = encode_classes(column, about=_about(task, name))
        if set(classes) != {0, 1}:
            raise InputError(
                f"{_about(task, name)} holds {_shown(classes)}, but the columns of kind 'multilabel' hold "
                "0 and 1; encode it so, or make it a task of its own"
            )
        codes.append(column_codes)
    return Target(task, np.stack(codes, axis=1), task.columns)


def _regression(task: Task, columns: list[Column]) -> Target:
    column = columns[0]
    if column.dtype.kind == "O":
        row = int(np.argmin(is_missing(column)))
        raise InputError(
            f"{_about(task)} holds {column[row]!r} (row {row + 1}), but kind 'regression' needs numbers; "
            "make it a number, or use kind 'binary' or 'multiclass'"
        )
    refuse_infinite(column, about=_about(task))
    values = column.astype(np.float64)
    present = values[~np.isnan(values)]
    if (present == present[0]).all():
        raise InputError(constant_labels(_about(task), present[0].item()))
    return Target(task, values)


ENCODERS: dict[Kind, Callable[[Task, list[Column]], Target]] = {
    "binary": _binary,
    "multiclass": _multiclass,
    "multilabel": _multilabel,
    "regression": _regression,
}


def _about(task: Task, name: str | None = None) -> str:
    """Name the task and, of several columns, the one meant, as the opening of a message."""
    return f"task {task.name!r}: column {(name or task.columns[0])!r}"


def _or_regression(column: Column, *, verb: str = "") -> str:
    return f" or {verb}kind 'regression'" if column.dtype.kind in "iuf" else ""


def _shown(classes: tuple[object, ...]) -> str:
    return ", ".join(map(repr, classes[:4])) + (", …" if len(classes) > 4 else "")
