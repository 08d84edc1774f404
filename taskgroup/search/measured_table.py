"""Reading a table of measured groupings for a replay: which columns hold what, rows that repeat a subset.

Two rows of one subset are two seeds of it. Where a table holds networks of several costs, only the largest
of each subset counts, so that all subsets are compared at full size.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd

from taskgroup.errors import InputError
from taskgroup.grouping import Candidate, TableRows, read_table
from taskgroup.search.replay import MeasuredTable
from taskgroup.spec import Direction, Subset

_CHOOSE_BY = ("val_{task}", "val_loss_{task}", "valid_{task}", "validation_{task}", "{task}")
_REPORT_BY = {"val": "test", "valid": "test", "validation": "test"}
_LARGEST = 1e100  # squares and sums of values must stay finite
_LOSSES = ("loss", "logloss", "nll", "entropy", "brier", "error", "rmse", "mse", "mae", "mape")


@dataclass(frozen=True)
class Columns:
    """Which columns a replay reads.

    Attributes:
        select: Template of the columns that strategies see.
        report: Template of the columns that the realised score is made of.
        direction: Whether large or small values are better.
    """

    select: str
    report: str
    direction: Direction


def read_measured(
    table: pd.DataFrame | str | Path,
    *,
    select: str | None = None,
    report: str | None = None,
    direction: Direction | None = None,
    candidates: Sequence[Subset] | None = None,
) -> tuple[MeasuredTable, Columns]:
    """Read a table, finding its columns where they are not named.

    Args:
        table: One row a network: `subset` (names joined by ``+``) and one column a task for each template.
        select: Such as ``val_{task}``; looked for by default.
        report: Such as ``test_{task}``; the test twin of `select`, or `select` itself, by default.
        direction: Read off the columns' name by default: small where it speaks of loss or error.
        candidates: The only subsets to use; all by default.

    Raises:
        InputError: If the table or a template is wrong; rows count from 1 below the header.
    """
    frame = table if isinstance(table, pd.DataFrame) else read_table(table)
    rows = _read(frame)
    columns = _columns(rows, select, report, direction)
    sign = 1.0 if columns.direction == "maximize" else -1.0
    shown, worth = (_by_subset(rows, template, sign) for template in (columns.select, columns.report))
    kept = _kept(list(shown), rows.tasks, candidates)
    return MeasuredTable(
        tasks=rows.tasks,
        select={subset: shown[subset] for subset in kept},
        report={subset: _mean(worth[subset]) for subset in kept},
        sign=sign,
    ), columns


def _read(frame: pd.DataFrame) -> TableRows:
    """Understand every row; other than in a table to group by, rows may repeat a subset."""
    if "subset" not in frame.columns or frame.empty:
        return TableRows.read(frame)  # says what is wrong
    given = TableRows.read(frame.assign(subset=[str(n) for n in range(len(frame))]))
    rows = TableRows.read(frame.assign(cost=np.arange(1.0, len(frame) + 1)))
    return replace(rows, costs=given.costs, frame=given.frame)


def _by_subset(rows: TableRows, template: str, sign: float) -> dict[Subset, list[dict[str, float]]]:
    """The values of every row of full size by subset, higher is better."""
    full: dict[Subset, float] = {}
    for subset, cost in zip(rows.subsets, rows.costs, strict=True):
        full[subset] = max(cost, full.get(subset, 0.0))
    values: dict[Subset, list[dict[str, float]]] = {}
    for candidate, cost in zip(rows.candidates(template), rows.costs, strict=True):
        _refuse_huge(candidate, template)
        if cost == full[candidate.subset]:
            own = {task: sign * value for task, value in candidate.values.items()}
            values.setdefault(candidate.subset, []).append(own)
    return values


def _refuse_huge(candidate: Candidate, template: str) -> None:
    for task, value in candidate.values.items():
        if abs(value) > _LARGEST:
            raise InputError(
                f"row {candidate.row}, column {template.replace('{task}', task)!r} is {value:g}; "
                f"values beyond {_LARGEST:g} cannot be compared, so rescale the column"
            )


def _mean(rows: Sequence[Mapping[str, float]]) -> dict[str, float]:
    return {task: float(np.mean([row[task] for row in rows])) for task in rows[0]}


def _kept(subsets: list[Subset], tasks: Subset, candidates: Sequence[Subset] | None) -> list[Subset]:
    if candidates is None:
        return subsets
    ordered = [tuple(task for task in tasks if task in candidate) for candidate in candidates]
    for given, subset in zip(candidates, ordered, strict=True):
        if len(given) != len(subset) or subset not in subsets:
            raise InputError(f"candidates hold {tuple(given)}, which has no row in the table; drop it")
    return [subset for subset in subsets if subset in set(ordered)]


def _columns(rows: TableRows, select: str | None, report: str | None, direction: Direction | None) -> Columns:
    names, tasks = set(rows.frame.columns), rows.tasks
    for name, template in (("select", select), ("report", report)):
        if template is not None and not isinstance(template, str):
            raise InputError(f"{name} is {template!r:.80}; give a template of column names: 'val_{{task}}'")
    if select is None:
        select = next((t for t in _CHOOSE_BY if all(t.format(task=x) in names for x in tasks)), None)
    if select is None:
        _refuse_partial(names, tasks)
        raise InputError(
            f"the table has none of {', '.join(_CHOOSE_BY)} for every task; name the columns to choose by "
            "with select, such as 'val_auc_{task}'"
        )
    if report is None:
        start, _, rest = select.partition("_")
        twin = f"{_REPORT_BY.get(start, start)}_{rest}"
        report = twin if all(twin.replace("{task}", task) in names for task in tasks) else select
    small = any(word in select.lower().replace("{task}", "").split("_") for word in _LOSSES)
    return Columns(select, report, direction or ("minimize" if small else "maximize"))


def _refuse_partial(names: set[str], tasks: Subset) -> None:
    """Name the column that is missing, where a prefix fits some tasks."""
    for template in _CHOOSE_BY[:-1]:
        lacking = [task for task in tasks if template.format(task=task) not in names]
        if 0 < len(lacking) < len(tasks):
            column = template.format(task=lacking[0])
            raise InputError(
                f"the table has no column {column!r} for task {lacking[0]!r}; add it, or drop the task"
            )
