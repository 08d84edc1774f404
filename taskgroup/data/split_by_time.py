"""Dividing rows by time: train on the past, validate on what came later, test on what came last.

Rows near in time are alike. Drawn at random, a network would be tested on days between those that it was
trained on, and would look better than it is on days to come.
"""

from __future__ import annotations

import numpy as np

from taskgroup.data.dataset import Dataset
from taskgroup.data.split import Rows, Split, draw_fraction, part_sizes
from taskgroup.errors import InputError
from taskgroup.seeds import derive_seed
from taskgroup.spec import SplitSpec


def draw_by_time(dataset: Dataset, spec: SplitSpec, *, study_seed: int, seed: int) -> Split:
    """Cut the rows, or each task's own rows, at two times; rows of one time stay in one part.

    The parts are the same for every seed; with ``train_fraction`` below 1, seeds draw their rows within the
    training part.

    Raises:
        InputError: If a task has rows at fewer than three times.
    """
    rng = np.random.default_rng(derive_seed(study_seed, "training rows", seed))
    parts: list[tuple[Rows, Rows, Rows]] = []
    tasks = list(dataset.targets) if dataset.owner is not None else list(dataset.targets)[:1]
    for task in tasks:
        about = f"task {task!r}" if dataset.owner is not None else "the table"
        train, validation, test = _cut(dataset, dataset.rows_of(task), spec, about)
        if spec.train_fraction < 1:
            train = draw_fraction(train, dataset.strata[train], spec.train_fraction, rng=rng)
        parts.append((train, validation, test))
    train, validation, test = (np.sort(np.concatenate(rows)) for rows in zip(*parts, strict=True))
    return Split(train=train, validation=validation, test=test)


def _cut(dataset: Dataset, rows: Rows, spec: SplitSpec, about: str) -> tuple[Rows, Rows, Rows]:
    assert dataset.divided_by is not None
    moments, position, counts = np.unique(dataset.divided_by[rows], return_inverse=True, return_counts=True)
    if len(moments) < 3:
        raise InputError(
            f"{about} has rows at {len(moments)} distinct times in data.split.column {spec.column!r}, but "
            "training, validation and test need at least 3; drop it, or split by: random"
        )
    n_test, n_validation, _ = part_sizes(len(rows), spec)
    before = np.concatenate([[0], np.cumsum(counts)])  # rows before each moment
    test_from = int(np.clip(_nearest(before, len(rows) - n_test), 2, len(moments) - 1))
    wanted = before[test_from] - n_validation
    validation_from = int(np.clip(_nearest(before, wanted), 1, test_from - 1))
    return (
        rows[position < validation_from],
        rows[(position >= validation_from) & (position < test_from)],
        rows[position >= test_from],
    )


def _nearest(before: Rows, n_rows: int) -> int:
    return int(np.argmin(abs(before - n_rows)))
