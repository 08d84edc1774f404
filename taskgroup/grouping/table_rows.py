"""The rows of a results table as candidate networks, every cell checked."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from taskgroup.errors import InputError, nearest
from taskgroup.grouping.problem import Candidate
from taskgroup.spec import SEPARATOR, Subset, subset_from_name, subset_name

_TASK = "{task}"
_BLANKS = {"", "nan", "na", "n/a", "null", "none", "<na>"}


@dataclass(frozen=True)
class TableRows:
    """A table of results whose subsets and costs are understood.

    Attributes:
        frame: The table.
        tasks: Every name that occurs in a subset, in order of appearance.
        subsets: One a row, each in the order of `tasks`.
        costs: One a row.
    """

    frame: pd.DataFrame
    tasks: Subset
    subsets: tuple[Subset, ...]
    costs: tuple[float, ...]

    @classmethod
    def read(cls, frame: pd.DataFrame) -> TableRows:
        """Understand the columns `subset` and `cost`.

        Raises:
            InputError: If they are missing or wrong, or two rows hold the same network.
        """
        columns = [str(column) for column in frame.columns]
        twice = sorted({column for column in columns if columns.count(column) > 1})
        if twice:
            raise InputError(f"column {twice[0]!r} stands twice in the table; rename or drop one")
        frame = frame.set_axis(columns, axis=1)
        if "subset" not in columns:
            raise InputError(f"the table has no column 'subset'; {nearest('subset', columns)}")
        if frame.empty:
            raise InputError("the table has no rows; give one row a network")
        written = [_subset(value, row) for row, value in enumerate(frame["subset"], start=1)]
        tasks = tuple(dict.fromkeys(task for subset in written for task in subset))
        subsets = tuple(tuple(sorted(subset, key=tasks.index)) for subset in written)
        rows = cls(frame, tasks, subsets, _costs(frame))
        rows._check_differ()
        return rows

    def candidates(self, template: str, *, error: str | None = None) -> tuple[Candidate, ...]:
        """One candidate a row, with the values of the template's columns.

        Args:
            template: The columns of the values.
            error: The columns of their standard errors.

        Raises:
            InputError: If a column is missing, or a cell is no number, or filled or blank where the
                subset says otherwise, or a standard error is negative.
        """
        values = self._cells(template)
        errors: list[dict[str, float]] = [{}] * len(values) if error is None else self._cells(error)
        rows = enumerate(zip(self.subsets, self.costs, values, errors, strict=True), start=1)
        return tuple(
            Candidate(subset, cost, of_tasks, row=row, errors=errors_of_row)
            for row, (subset, cost, of_tasks, errors_of_row) in rows
        )

    def _cells(self, template: str) -> list[dict[str, float]]:
        """Read a number a row for each task of its subset."""
        columns = self._columns(template)
        cells = zip(*(self.frame[column].tolist() for column in columns.values()), strict=True)
        rows = enumerate(zip(self.subsets, cells, strict=True), start=1)
        return [_values(row, subset, columns, cells_of_row) for row, (subset, cells_of_row) in rows]

    def _columns(self, template: str) -> dict[str, str]:
        if not isinstance(template, str) or _TASK not in template:
            raise InputError(f"template {template!r} lacks {_TASK}, which stands for a task's name")
        known = list(self.frame.columns)
        columns = {task: template.replace(_TASK, task) for task in self.tasks}
        missing = [task for task, column in columns.items() if column not in known]
        if len(missing) == len(columns):
            raise InputError(
                f"template {template!r} matches no column, such as {columns[missing[0]]!r}; "
                f"{nearest(columns[missing[0]], known)}"
            )
        if missing:
            raise InputError(
                f"the table has no column {columns[missing[0]]!r} for task {missing[0]!r}; "
                f"{nearest(columns[missing[0]], known)}"
            )
        return columns

    def _check_differ(self) -> None:
        seen: dict[tuple[Subset, float], int] = {}
        for row, key in enumerate(zip(self.subsets, self.costs, strict=True), start=1):
            if key in seen:
                raise InputError(
                    f"rows {seen[key]} and {row} both hold the subset '{subset_name(key[0])}' at cost "
                    f"{key[1]:g}; keep one, or their mean"
                )
            seen[key] = row


def _values(row: int, subset: Subset, columns: Mapping[str, str], cells: Sequence[Any]) -> dict[str, float]:
    """Read one row: a value for each task of its subset, and blanks for the others."""
    values: dict[str, float] = {}
    for (task, column), cell in zip(columns.items(), cells, strict=True):
        value = _number(cell, row, column)
        if value is not None and task not in subset:
            raise InputError(
                f"row {row}, column {column!r} holds {value!r}, but {task!r} is not in the subset "
                f"'{subset_name(subset)}'; leave the cell blank or correct the subset"
            )
        if value is None and task in subset:
            raise InputError(
                f"row {row}, column {column!r} is blank, but {task!r} is in the subset "
                f"'{subset_name(subset)}'; fill in the value or drop the row"
            )
        if value is not None:
            values[task] = value
    return values


def _subset(value: object, row: int) -> Subset:
    if not isinstance(value, str) or not value.strip():
        raise InputError(f"row {row}, column 'subset' is {value!r}; give task names joined by {SEPARATOR!r}")
    names = tuple(name.strip() for name in subset_from_name(value))
    if not all(names):
        raise InputError(
            f"row {row}, column 'subset' is {value!r}, with an empty name beside a {SEPARATOR!r}"
        )
    if len(set(names)) < len(names):
        raise InputError(f"row {row}, column 'subset' is {value!r}, which names a task twice")
    return names


def _costs(frame: pd.DataFrame) -> tuple[float, ...]:
    if "cost" not in frame.columns:
        return (1.0,) * len(frame)
    costs = [_number(cell, row, "cost") for row, cell in enumerate(frame["cost"].tolist(), start=1)]
    for row, cost in enumerate(costs, start=1):
        if cost is not None and cost <= 0:
            raise InputError(f"row {row}, column 'cost' is {cost!r}; a serving cost is above 0")
    return tuple(1.0 if cost is None else cost for cost in costs)


def _number(cell: Any, row: int, column: str) -> float | None:
    """Read a cell as a finite number, or None where it is blank."""
    if cell is None or cell is pd.NA or (isinstance(cell, str) and cell.strip().lower() in _BLANKS):
        return None
    try:
        value = float(cell)
    except (TypeError, ValueError):
        raise InputError(f"row {row}, column {column!r} is {cell!r}, which is no number") from None
    if math.isnan(value):
        return None
    if math.isinf(value):
        raise InputError(f"row {row}, column {column!r} is {cell!r}; give a finite number, or drop the row")
    return value
