"""Predicting inputs: some that serve better as outputs, or all of them as in an autoencoder.

Reference:
    Caruana 1997, "Multitask learning", sec. 3.4 and 4 (inputs as extra outputs).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from taskgroup.data.dataset import Target
from taskgroup.data.derived.sources import Sources
from taskgroup.data.features import MAX_LEVELS
from taskgroup.data.table import Column, is_missing
from taskgroup.errors import InputError
from taskgroup.spec import DeriveSpec, Task

Float64 = npt.NDArray[np.float64]


def inputs(task: Task, derive: DeriveSpec, sources: Sources, *, place: str) -> Target:
    """The values of inputs in their own units ``[N, K]``; a row with a missing one has no label."""
    if derive.inputs == "all":
        return Target(task, sources.features.matrix.astype(np.float64))
    assert derive.inputs is not None
    target_of = {column: other.name for other in sources.tasks for column in other.columns}
    blocks = []
    for i, name in enumerate(derive.inputs):
        column = sources.table.column(name, wanted_by=f"{place}.inputs[{i}]")
        if name in target_of:
            raise InputError(
                f"{place}.inputs[{i}] {name!r} is the target of task {target_of[name]!r}, no input; drop it"
            )
        if name in derive.inputs[:i]:
            raise InputError(f"{place}.inputs[{i}] {name!r} is listed twice; keep one")
        blocks.append(_outputs(column, about=f"{place}.inputs[{i}] {name!r}"))
    return Target(task, np.concatenate(blocks, axis=1))


def _outputs(column: Column, *, about: str) -> Float64:
    """A column as outputs ``[N, k]``: numbers as they are, text one-hot; NaN where missing."""
    if column.dtype.kind not in "biufO":
        raise InputError(
            f"{about} holds {column.dtype.name} values; turn them into numbers or text, or drop it"
        )
    missing = is_missing(column)
    levels, codes = np.unique(column[~missing].astype(str), return_inverse=True)
    if len(levels) < 2:
        raise InputError(f"{about} holds no two different values, so there is nothing to learn; drop it")
    if column.dtype.kind != "O":
        numbers = column.astype(np.float64)
        if np.isinf(numbers).any():
            raise InputError(f"{about} is infinite in row {int(np.argmax(np.isinf(numbers))) + 1}; mend it")
        return numbers[:, None]
    if len(levels) > MAX_LEVELS:
        raise InputError(
            f"{about} is text with {len(levels):,} distinct values, and at most {MAX_LEVELS} are one-hot "
            "encoded; encode it as numbers, or drop it"
        )
    one_hot = np.full((len(column), len(levels)), np.nan)
    one_hot[~missing] = codes[:, None] == np.arange(len(levels))
    return one_hot
