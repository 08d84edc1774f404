"""Tasks of one kind with equally many outputs: their coefficients have the same meaning.

Shape letters: M members, n rows, D features, C outputs of a member.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Member:
    """A task, or one label of a multilabel task.

    Attributes:
        name: For people.
        outputs: Its rows among the outputs of all tasks.
    """

    name: str
    outputs: slice

    @property
    def n_outputs(self) -> int:
        """How many there are."""
        return int(self.outputs.stop - self.outputs.start)


@dataclass(frozen=True, eq=False)
class Family:
    """Members with their rows.

    Attributes:
        members: M of them.
        loss: `squared`, `logistic` or `softmax`.
        x: Features ``[M, n, D]``, or ``[1, n, D]`` where all members read the same rows.
        y: Targets ``[M, n, C]``.
        weight: How much each row counts for a member, 0 where it has no label, ``[M, n]``.
    """

    members: tuple[Member, ...]
    loss: str
    x: Floats
    y: Floats
    weight: Floats

    @property
    def shape(self) -> tuple[int, int, int]:
        """M, D, C: the shape of the coefficients."""
        return len(self.members), self.x.shape[2], self.y.shape[2]

    @cached_property
    def n_labels(self) -> float:
        """Labels of a member by weight, on average over members: the unit of every penalty."""
        return float(self.weight.sum() / len(self.members))

    @cached_property
    def same_rows(self) -> bool:
        """Whether every label of every row is there and counts alike for all members."""
        return len(self.x) == 1 and bool((self.weight == self.weight[0]).all())

    def products(self, w: Floats) -> Floats:
        """Features times coefficients ``[M, D, C]``: ``[M, n, C]``."""
        if len(self.x) > 1:
            return np.asarray(self.x @ w)
        m, d, c = w.shape
        flat = self.x[0] @ w.transpose(1, 0, 2).reshape(d, m * c)
        return np.asarray(flat.reshape(-1, m, c).transpose(1, 0, 2))

    def sums(self, r: Floats) -> Floats:
        """Sums over rows of features times numbers ``[M, n, C]``: ``[M, D, C]``."""
        if len(self.x) > 1:
            return np.asarray(self.x.transpose(0, 2, 1) @ r)
        m, n, c = r.shape
        flat = self.x[0].T @ r.transpose(1, 0, 2).reshape(n, m * c)
        return np.asarray(flat.reshape(-1, m, c).transpose(1, 0, 2))
