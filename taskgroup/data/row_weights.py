"""How much each row counts for a task, from the columns that say so."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from taskgroup.data.dataset import Target
from taskgroup.data.table import Table, is_missing
from taskgroup.errors import InputError
from taskgroup.spec import Study


def with_weights(target: Target, table: Table, study: Study, *, position: int) -> Target:
    """The target with its weights, where the study names a column of them.

    A row of weight zero loses its label: it counts neither in the loss nor in a score.

    Raises:
        InputError: If a weight of a labelled row is missing, negative, infinite or no number, or all are 0.
    """
    task = target.task
    name = task.weight or study.data.weight
    if name is None:
        return target
    place = f"tasks[{position}].weight" if task.weight else "data.weight"
    column = table.column(name, wanted_by=place)
    about = f"{place} {name!r} (task {task.name!r})"
    if column.dtype.kind not in "biuf":
        row = int(np.argmin(is_missing(column))) if column.dtype.kind == "O" else 0
        raise InputError(f"{about} holds {column[row]!r} (row {row + 1}); weights are numbers, at least 0")
    weights = column.astype(np.float64)
    wrong = target.labelled & ~((weights >= 0) & np.isfinite(weights))
    if wrong.any():
        row = int(np.argmax(wrong))
        raise InputError(
            f"{about} is {weights[row]:g} in row {row + 1}; weights of labelled rows are finite numbers, at "
            "least 0"
        )
    counts = target.labelled & (weights > 0)
    if not counts.any():
        raise InputError(f"{about} is 0 in every labelled row, so that nothing is left; mend it, or drop it")
    values = np.where(counts.reshape(-1, *[1] * (target.values.ndim - 1)), target.values, np.nan)
    return replace(target, values=values, weights=np.where(counts, weights, 0.0))
