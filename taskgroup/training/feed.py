"""What the networks of a cohort read: one input for each stream of rows, and the labels of every branch.

A *stream* is where a network's input is taken from: a seed and its rows. Where all tasks share their rows,
all runs of a seed have one stream. Where tasks have rows of their own, each subset of a seed has another, and
so has each run whose rows depend on how it does.

Shape letters: S streams, D features, n rows, P branches, O target rows, L label rows.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from taskgroup.spec import RunSpec, Split
from taskgroup.training.own_rows import OwnRowsData
from taskgroup.training.sampling import Sampling
from taskgroup.training.seed_data import SeedData

RowData = SeedData | OwnRowsData
"""The rows of one seed."""

Indices = NDArray[np.int64]


@dataclass(frozen=True)
class Batches:
    """The rows of an epoch, or of a scored split, side by side.

    Attributes:
        x: One input a stream, [S, D, n].
        y: Target rows of all streams, [O, n].
        labelled: How much each label counts, 0 where there is none, [L, n]; None where all are there.
        n_complete: That many rows from the first have all labels, and each counts as one.
    """

    x: Tensor
    y: Tensor
    labelled: Tensor | None
    n_complete: int

    @property
    def n_rows(self) -> int:
        """The number of rows n."""
        return self.x.shape[2]

    def batch(self, start: int, size: int) -> tuple[Tensor, Tensor, Tensor | None]:
        """Inputs, targets and label weights of the rows from `start` on; None where all labels are there."""
        rows = slice(start, min(start + size, self.n_rows))
        complete = self.labelled is None or rows.stop <= self.n_complete
        labelled = None if complete or self.labelled is None else self.labelled[:, rows]
        return self.x[:, :, rows], self.y[:, rows], labelled


@dataclass(frozen=True)
class Scored:
    """The rows that one task is scored on, for n branches.

    Attributes:
        columns: Where they stand among the rows of the branch's stream, [n, V]; None where all rows are.
        targets: [n, K, V].
        labelled: How much each label counts, [n, V].
        scale: Of the regression target, [n, 1, 1].
    """

    columns: Tensor | None
    targets: Tensor
    labelled: Tensor
    scale: Tensor


class Feed(Protocol):
    """The rows of a cohort.

    Attributes:
        branch_target: The first target row of each branch, [P].
        branch_label: The label row of each branch, [P].
        branch_n_labels: Labelled training rows of each branch's task, [P].
        tasks_may_be_absent: Whether a batch may lack a task by design and not by chance.
    """

    branch_target: Indices
    branch_label: Indices
    branch_n_labels: Indices
    tasks_may_be_absent: bool

    def epoch(self, number: int, *, progress: float) -> Batches:
        """The training rows in the order of an epoch."""

    def scored(self, split: Split) -> Batches:
        """The rows of a scored split."""

    def to_score(self, task: int, branches: Indices, split: Split) -> Scored:
        """The rows that a task's branches are scored on.

        Args:
            task: Its position in the task list.
            branches: Positions of branches of that task.
            split: Which rows.
        """


def stream_of(
    seeds: Mapping[int, RowData], sampling_of: Callable[[RunSpec], Sampling]
) -> Callable[[RunSpec], object]:
    """Which runs read the same rows in the same order: those with equal values.

    Args:
        seeds: The rows of every seed.
        sampling_of: How the batches of a run mix tasks that have rows of their own.
    """
    if not any(isinstance(data, OwnRowsData) for data in seeds.values()):
        return _seed

    def own_rows(run: RunSpec) -> object:
        sampling = sampling_of(run)
        return run.seed, run.subset, sampling, run if follows_validation(run, sampling) else None

    return own_rows


def follows_validation(run: RunSpec, sampling: Sampling) -> bool:
    """Whether the rows that a run sees depend on how it does; a single task's do not."""
    return sampling.needs_validation and len(run.subset) > 1


def first_of_streams(members: Sequence[RunSpec], stream: Indices) -> list[RunSpec]:
    """The first run of every stream, given the stream of each member, ascending."""
    return [members[i] for i in np.unique(stream, return_index=True)[1]]


def _seed(run: RunSpec) -> object:
    return run.seed
