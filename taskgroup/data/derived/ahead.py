"""The future as a target: the value that a column takes some rows later.

A network that must also say what comes next has to notice what announces it. A label is taken from another
row, and counts only where that row stands in the same part of the split (`Target.taken_from`): else the
values of test rows would reach training.

Reference:
    Caruana 1997, "Multitask learning", sec. 3.1 (using the future to predict the present).
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from taskgroup.data.dataset import Rows, Target
from taskgroup.data.derived.sources import Sources
from taskgroup.data.divided_by import group_codes, moments, refuse_gaps
from taskgroup.data.labels import build_target
from taskgroup.errors import InputError
from taskgroup.spec import DeriveSpec, Task


def ahead(task: Task, derive: DeriveSpec, sources: Sources, *, place: str) -> Target:
    """The labels of the rows that come later; none for the last rows of a group."""
    assert derive.ahead is not None
    sources.table.column(derive.ahead, wanted_by=f"{place}.ahead")
    column = Task(name=task.name, target=derive.ahead, kind=task.kind, role="auxiliary")
    now = build_target(sources.table, column, position=list(sources.tasks).index(task))
    later = rows_ahead(*_group_and_order(derive, sources, place), steps=derive.steps)
    if not (later >= 0).any():
        raise InputError(
            f"{place}.steps is {derive.steps}, but no group has more rows than that; lower it, or check "
            f"{place}.by"
        )
    values = np.where(later >= 0, now.values[later], np.nan)
    own = np.arange(len(later))
    return replace(now, task=task, values=values, taken_from=np.where(later >= 0, later, own))


def rows_ahead(group: Rows, order: np.ndarray, *, steps: int) -> Rows:
    """The row that comes so many steps later in the same group, ``[N]``; -1 where there is none.

    Rows at the same place in the order follow each other as they stand in the table.

    >>> rows_ahead(np.array([0, 0, 1, 0]), np.array([3.0, 1.0, 0.0, 2.0]), steps=1).tolist()
    [-1, 3, -1, 0]
    """
    sequence = np.lexsort((np.arange(len(order)), order, group))
    later = np.full(len(sequence), -1, dtype=np.int64)
    before, after = sequence[:-steps], sequence[steps:]
    same = group[before] == group[after]
    later[before[same]] = after[same]
    return later


def _group_and_order(derive: DeriveSpec, sources: Sources, place: str) -> tuple[Rows, np.ndarray]:
    n_rows = sources.table.n_rows
    group, order = np.zeros(n_rows, dtype=np.int64), np.arange(n_rows, dtype=np.float64)
    if derive.by is not None:
        column = sources.table.column(derive.by, wanted_by=f"{place}.by")
        refuse_gaps(column, f"{place}.by {derive.by!r}")
        group = group_codes(column).astype(np.int64)
    if derive.order is not None:
        about = f"{place}.order {derive.order!r}"
        column = sources.table.column(derive.order, wanted_by=f"{place}.order")
        refuse_gaps(column, about)
        order = moments(column, about)
    return group, order
