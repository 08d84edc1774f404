"""Whether every task can be learned and scored on the rows that a split gives it."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from taskgroup.data.dataset import Dataset, Target
from taskgroup.data.seen import as_seen
from taskgroup.data.split import Split
from taskgroup.errors import InputError

_WIDEN = {
    "training": "lower data.split.test and data.split.validation, or raise data.split.train_fraction",
    "validation": "raise data.split.validation",
    "test": "raise data.split.test",
}


def require_learnable(dataset: Dataset, split: Split) -> None:
    """Check that each task has labels that differ where it trains, and can be scored where it is judged.

    An auxiliary task is judged nowhere.
    AUC needs rows of both classes, and R² values that differ; other metrics need one labelled row.

    Raises:
        InputError: If a task lacks such rows in a part; the message names the task and the part.
    """
    for target in dataset.targets.values():
        if target.task.role == "auxiliary":
            _require(as_seen(target, split), "training", split.train, varied=True)
            continue
        _require(target, "training", split.train, varied=True)
        varied = target.task.score.name in ("auc", "r2")
        _require(target, "validation", split.validation, varied=varied)
        _require(target, "test", split.test, varied=varied)


def _require(target: Target, part: str, rows: npt.NDArray[np.int64], *, varied: bool) -> None:
    task = target.task
    values = target.values[rows][target.labelled[rows]]
    if not len(values):
        raise InputError(f"task {task.name!r} has no labelled {part} rows; drop it, or {_WIDEN[part]}")
    if not varied:
        return
    values = values.reshape(len(values), -1)
    constant = np.flatnonzero((values == values[0]).all(axis=0))
    if len(constant) and task.derive is not None:
        if len(constant) == values.shape[1]:
            raise InputError(
                f"task {task.name!r} has one value in all {part} rows; drop it, or {_WIDEN[part]}"
            )
    elif len(constant):
        column = task.columns[constant[0]]
        reason = "to learn from" if part == "training" else f"for metric {task.score.name!r}"
        raise InputError(
            f"task {task.name!r} has only one distinct label in its {len(values):,} {part} rows (column "
            f"{column!r}), too few {reason}; drop it, or {_WIDEN[part]}"
        )
