"""Networks as numbers, and the features that the components are linear in.

Shape letters: `C` networks, `T` tasks, `F` factors of the way of training, `P` features.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from taskgroup.search.arm import ONE_WAY, Arm, Ways
from taskgroup.search.surrogate.components import REACH, Feature
from taskgroup.spec import Subset

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


@dataclass(frozen=True)
class Networks:
    """Networks by the tasks that they hold and the way in which they are trained.

    Attributes:
        members: Shape [C, T], 1 where the task is in the subset.
        way: Shape [C], the place of each one's way among `ways`; the first by default.
        ways: The ways of training.
    """

    members: Floats
    way: Integers = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    ways: Ways = ONE_WAY

    def __post_init__(self) -> None:
        if len(self.way) != len(self.members):
            object.__setattr__(self, "way", np.zeros(len(self.members), dtype=np.int64))

    @classmethod
    def of(cls, arms: Sequence[Arm], tasks: Subset, ways: Ways = ONE_WAY) -> Networks:
        """Encode networks of a task list."""
        place = {task: i for i, task in enumerate(tasks)}
        members = np.zeros((len(arms), len(tasks)))
        for row, arm in enumerate(arms):
            members[row, [place[task] for task in arm.subset]] = 1.0
        return cls(members, np.array([arm.way for arm in arms], dtype=np.int64), ways)

    def arms(self, tasks: Subset) -> list[Arm]:
        """What `of` encoded; a single task in the first way."""
        subsets = [tuple(task for task, m in zip(tasks, row, strict=True) if m) for row in self.members]
        return [
            Arm(subset, int(way) if len(subset) > 1 else 0)
            for subset, way in zip(subsets, self.way, strict=True)
        ]

    def take(self, rows: Any) -> Networks:
        """Some of them."""
        return Networks(self.members[rows], self.way[rows], self.ways)

    def joined(self, other: Networks) -> Networks:
        """These, then others."""
        members: Floats = np.concatenate([self.members, other.members])
        way: Integers = np.concatenate([self.way, other.way])
        return Networks(members, way, self.ways)

    def replaced(self, row: int, other: Networks) -> Networks:
        """With another one in place of one."""
        members, way = self.members.copy(), self.way.copy()
        members[row], way[row] = other.members[0], other.way[0]
        return Networks(members, way, self.ways)

    def level(self, within: tuple[int, ...]) -> Integers:
        """A number for the levels of some factors, from 0 to `n_levels` - 1, shape [C]."""
        number = np.zeros(len(self), dtype=np.int64)
        for factor in within:
            number = number * self._sizes[factor] + self.ways.levels[self.way, factor]
        return number

    def n_levels(self, within: tuple[int, ...]) -> int:
        """The number of combinations of the levels of some factors."""
        return int(np.prod([self._sizes[factor] for factor in within], dtype=np.int64))

    @cached_property
    def _sizes(self) -> Integers:
        return np.asarray(self.ways.levels.max(axis=0) + 1)

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

    def common(self, other: Networks) -> Floats:
        """Tasks in both subsets, shape [C, C']."""
        return self.members @ other.members.T

    def distance(self, other: Networks) -> Floats:
        """Tasks in just one of the two subsets, shape [C, C']."""
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


def linear_features(networks: Networks, feature: Feature) -> Floats:
    """The features of subsets, shape [C, P]; the target's own membership is left to the weights."""
    k = networks.partners[:, None]
    sum_norm, pair_norm = norms(networks.n_tasks)
    if feature == "constant":
        return np.ones((len(networks), 1))
    if feature == "size":
        return networks.log_size[:, None]
    if feature == "sum":
        return np.asarray(networks.members * np.sqrt(sum_norm))
    if feature == "mean":
        return np.asarray(networks.members / k)
    if feature == "pair_sum":
        return np.asarray(networks.pairs * np.sqrt(pair_norm))
    if feature == "pair_mean":
        return np.asarray(networks.pairs / np.maximum(k * (k - 1) / 2, 1.0))
    raise KeyError(feature)


def by_level(features: Floats, networks: Networks, within: tuple[int, ...]) -> Floats:
    """Features for each level of some factors apart, zero at the other levels, shape [C, levels x P]."""
    n_levels = networks.n_levels(within)
    if n_levels == 1:
        return features
    apart = np.zeros((len(networks), n_levels, features.shape[1]))
    apart[np.arange(len(networks)), networks.level(within)] = features
    return apart.reshape(len(networks), -1)


def same_level(left: Networks, right: Networks, within: tuple[int, ...]) -> NDArray[np.bool_]:
    """Whether networks have the same levels of some factors, shape [C, C']."""
    return np.asarray(left.level(within)[:, None] == right.level(within))


def hinted(networks: Networks, hint: Floats) -> Floats:
    """Average of a hint over the sources of each target, shape [C, T]."""
    return np.asarray(networks.members @ hint.T / networks.partners[:, None])


def closeness(networks: Networks, anchors: Networks, feature: Feature) -> Floats:
    """Correlation of a local component between subsets, shape [C, C']."""
    return np.asarray(np.exp(-networks.distance(anchors) / REACH[feature]))


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

    def features(self, networks: Networks) -> Floats:
        """Shape [C, P]."""
        odd = np.mod(networks.members @ self.tasks, 2.0)
        return np.asarray((1.0 - 2.0 * odd) / np.sqrt(self.tasks.shape[1]))
