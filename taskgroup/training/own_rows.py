"""One seed's rows where every task has rows of its own: pools that streams are gathered from.

Shape letters: N rows of all tasks, D features, K the most outputs that a task has, T tasks.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from taskgroup.data import Dataset, Prepared, draw_split, prepare
from taskgroup.spec import Split, Study
from taskgroup.training.task_similarity import TaskSimilarity

Indices = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Pool:
    """The labelled rows of all tasks in one part, one task after the other.

    Attributes:
        x: Features, standardised over all tasks, [N, D].
        y: Targets of the row's own task, [N, K]; 0 beyond its outputs.
        weight: How much the label counts, [N].
        owner: The task that the row belongs to, [N].
        rows: The rows of every task, T arrays, ascending.
        weighted: Whether some label counts otherwise than as one.
    """

    x: Tensor
    y: Tensor
    weight: Tensor
    owner: Tensor
    rows: tuple[Indices, ...]
    weighted: bool

    @property
    def n_rows(self) -> int:
        """The number of rows N."""
        return len(self.weight)


@dataclass(frozen=True)
class Moments:
    """What standardising any union of tasks needs, of each task's training rows.

    Attributes:
        count: [T].
        mean: [T, D].
        squares: Sums of squared deviations from the task's mean, [T, D].
        low: [T, D].
        high: [T, D].
    """

    count: Floats
    mean: Floats
    squares: Floats
    low: Floats
    high: Floats

    def of(self, tasks: Sequence[int]) -> tuple[Floats, Floats]:
        """Mean and standard deviation over the rows of some tasks, both [D]; the latter is 1 if constant.

        Reference:
            Chan, Golub, LeVeque 1983, for the sum of squares of a union.
        """
        chosen = list(tasks)
        count, means = self.count[chosen, None], self.mean[chosen]
        mean = (count * means).sum(axis=0) / count.sum()
        squares = (self.squares[chosen] + count * (means - mean) ** 2).sum(axis=0)
        constant = self.low[chosen].min(axis=0) == self.high[chosen].max(axis=0)
        return mean, np.where(constant, 1.0, np.sqrt(squares / count.sum()))


@dataclass(frozen=True)
class OwnRowsData:
    """Training rows and the splits to score.

    Attributes:
        seed: The run seed that drew them.
        train: Training rows.
        scored: Validation and test rows.
        moments: Of the training rows' features; None where a stream takes them as they are, as images and
            texts.
        scale: Standard deviation of each regression target in its own units, 1 for other tasks, [T].
    """

    seed: int
    train: Pool
    scored: Mapping[Split, Pool]
    moments: Moments | None
    scale: Floats

    @property
    def n_labels(self) -> Indices:
        """Training rows of each task, [T]."""
        return np.array([len(rows) for rows in self.train.rows])

    def as_alone(self, task: int) -> Tensor:
        """The training rows of one task as a network reads them that is trained on no others, [n, D]."""
        x = self.train.x[self.train.rows[task]]
        if self.moments is None:
            return x
        mean, deviation = (torch.from_numpy(values).to(x) for values in self.moments.of([task]))
        return (x - mean) / deviation

    @cached_property
    def similarity(self) -> TaskSimilarity:
        """How alike tasks are by these training rows."""
        return TaskSimilarity(self.train.x, self.train.y, self.train.rows)


def own_rows_data(
    study: Study, dataset: Dataset, seed: int, *, dtype: torch.dtype, device: torch.device | str
) -> OwnRowsData:
    """Draw a seed's rows; those without a label are left out."""
    split = draw_split(dataset, study.data.split, study_seed=study.seed, seed=seed)
    prepared = prepare(dataset, split)

    def pool(rows: Indices) -> Pool:
        return _pool(dataset, prepared, rows, dtype=dtype, device=device)

    train = pool(split.train)
    return OwnRowsData(
        seed,
        train,
        {"validation": pool(split.validation), "test": pool(split.test)},
        _moments(train) if dataset.inputs is None else None,
        prepared.scale,
    )


def _pool(
    dataset: Dataset, prepared: Prepared, rows: Indices, *, dtype: torch.dtype, device: torch.device | str
) -> Pool:
    assert dataset.owner is not None
    counts = prepared.labelled if prepared.weights is None else prepared.weights
    rows = rows[counts[dataset.owner[rows], rows] > 0]
    rows = rows[np.argsort(dataset.owner[rows], kind="stable")]
    owner = dataset.owner[rows]
    outputs = list(prepared.outputs.values())
    y = np.zeros((len(rows), max(columns.stop - columns.start for columns in outputs)), dtype=np.float32)
    of_tasks = tuple(np.flatnonzero(owner == task) for task in range(len(outputs)))
    for own, columns in zip(of_tasks, outputs, strict=True):
        y[own, : columns.stop - columns.start] = prepared.targets[columns][:, rows[own]].T

    def tensor(values: np.ndarray, dtype: torch.dtype) -> Tensor:
        return torch.tensor(values, dtype=dtype, device=device)

    return Pool(
        x=tensor(prepared.features[rows], dtype),
        y=tensor(y, dtype),
        weight=tensor(counts[owner, rows], dtype),
        owner=tensor(owner, torch.int64),
        rows=of_tasks,
        weighted=prepared.weights is not None,
    )


def _moments(train: Pool) -> Moments:
    x = train.x.double().cpu().numpy()
    of_tasks = [x[rows] for rows in train.rows]
    means = [own.mean(axis=0) for own in of_tasks]
    return Moments(
        count=np.array([float(len(own)) for own in of_tasks]),
        mean=np.stack(means),
        squares=np.stack([((own - m) ** 2).sum(axis=0) for own, m in zip(of_tasks, means, strict=True)]),
        low=np.stack([own.min(axis=0) for own in of_tasks]),
        high=np.stack([own.max(axis=0) for own in of_tasks]),
    )
