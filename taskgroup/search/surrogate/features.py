"""Subsets as numbers, and the features that the components are linear in.

Shape letters: `C` subsets, `T` tasks, `P` features, `N` cells (a target in a subset).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from taskgroup.search.surrogate.components import REACH, Feature
from taskgroup.spec import Subset

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


@dataclass(frozen=True)
class Subsets:
    """Subsets by the tasks that they hold.

    Attributes:
        members: Shape [C, T], 1 where the task is in the subset.
    """

    members: Floats

    @classmethod
    def of(cls, subsets: Sequence[Subset], tasks: Subset) -> Subsets:
        """Encode subsets of a task list."""
        place = {task: i for i, task in enumerate(tasks)}
        members = np.zeros((len(subsets), len(tasks)))
        for row, subset in enumerate(subsets):
            members[row, [place[task] for task in subset]] = 1.0
        return cls(members)

    def __len__(self) -> int:
        return len(self.members)

    @property
    def n_tasks(self) -> int:
        """`T`."""
        return int(self.members.shape[1])

    @cached_property
    def partners(self) -> Floats:
        """Tasks beside the target, shape [C]; 1 for single tasks, which have no features of their own."""
        return np.asarray(np.maximum(self.members.sum(axis=1) - 1, 1.0))

    @cached_property
    def log_size(self) -> Floats:
        """Logarithm of the number of partners, 1 for all tasks; shape [C]."""
        return np.asarray(np.log(self.partners) / np.log(max(self.n_tasks - 1, 2)))

    def common(self, other: Subsets) -> Floats:
        """Tasks in both, shape [C, C']."""
        return self.members @ other.members.T

    def distance(self, other: Subsets) -> Floats:
        """Tasks in just one of the two, shape [C, C']."""
        sizes = self.members.sum(axis=1)[:, None] + other.members.sum(axis=1)
        return np.asarray(sizes - 2 * self.common(other))

    @cached_property
    def pairs(self) -> Floats:
        """Products of members, shape [C, T(T-1)/2]."""
        first, second = np.triu_indices(self.n_tasks, k=1)
        return self.members[:, first] * self.members[:, second]


def norms(n_tasks: int) -> tuple[float, float]:
    """Squared scales of the features `sum` and `pair_sum`: with them, half of all tasks have variance 1."""
    return 2.0 / max(n_tasks - 1, 1), 8.0 / max((n_tasks - 1) * (n_tasks - 2), 1)


def linear_features(subsets: Subsets, feature: Feature) -> Floats:
    """The features of subsets, shape [C, P]; the target's own membership is left to the weights."""
    k = subsets.partners[:, None]
    sum_norm, pair_norm = norms(subsets.n_tasks)
    if feature == "constant":
        return np.ones((len(subsets), 1))
    if feature == "size":
        return subsets.log_size[:, None]
    if feature == "sum":
        return np.asarray(subsets.members * np.sqrt(sum_norm))
    if feature == "mean":
        return np.asarray(subsets.members / k)
    if feature == "pair_sum":
        return np.asarray(subsets.pairs * np.sqrt(pair_norm))
    if feature == "pair_mean":
        return np.asarray(subsets.pairs / np.maximum(k * (k - 1) / 2, 1.0))
    raise KeyError(feature)


def hinted(subsets: Subsets, hint: Floats) -> Floats:
    """Average of a hint over the sources of each target, shape [C, T]."""
    return np.asarray(subsets.members @ hint.T / subsets.partners[:, None])


def closeness(subsets: Subsets, anchors: Subsets, feature: Feature) -> Floats:
    """Correlation of a local component between subsets, shape [C, C']."""
    return np.asarray(np.exp(-subsets.distance(anchors) / REACH[feature]))


@dataclass(frozen=True)
class Parities:
    """Random features of a local component: signs by the parity of a random set of tasks.

    A product of independent factors over tasks has such products as its random features, so that
    their mean product over many draws is exp(-distance / reach) exactly in expectation.

    Attributes:
        tasks: Shape [T, P], 1 where the task counts.
    """

    tasks: Floats

    @classmethod
    def draw(cls, n_tasks: int, n_features: int, feature: Feature, rng: np.random.Generator) -> Parities:
        """Draw the sets of tasks."""
        share = (1.0 - np.exp(-1.0 / REACH[feature])) / 2
        return cls((rng.random((n_tasks, n_features)) < share).astype(float))

    def features(self, subsets: Subsets) -> Floats:
        """Shape [C, P]."""
        odd = np.mod(subsets.members @ self.tasks, 2.0)
        return np.asarray((1.0 - 2.0 * odd) / np.sqrt(self.tasks.shape[1]))
