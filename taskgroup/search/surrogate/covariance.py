"""The covariance of measured cells under each component.

Shape letters: `N` cells, `R` measured subsets, `T` tasks.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from taskgroup.search.surrogate.components import REACH, Component
from taskgroup.search.surrogate.features import Floats, Integers, Subsets, hinted, norms


@dataclass(frozen=True)
class Cells:
    """Targets in subsets.

    Attributes:
        subsets: The subsets, R of them.
        subset: Shape [N], which subset each cell is in.
        target: Shape [N], the cell's task.
    """

    subsets: Subsets
    subset: Integers
    target: Integers

    def __len__(self) -> int:
        return len(self.target)

    def take(self, cells: Integers) -> Cells:
        """Some of the cells."""
        return Cells(self.subsets, self.subset[cells], self.target[cells])


class Overlap:
    """How the cells of two lists overlap: everything that the components' covariances are made of."""

    def __init__(self, left: Cells, right: Cells) -> None:
        self._left, self._right = left, right
        self._place = np.ix_(left.subset, right.subset)
        self.same_target = left.target[:, None] == right.target

    @cached_property
    def shape(self) -> tuple[int, int]:
        """[N, N']."""
        return len(self._left), len(self._right)

    @cached_property
    def _target_in_other(self) -> tuple[Floats, Floats]:
        left, right = self._left, self._right
        mine = right.subsets.members[right.subset][:, left.target].T
        theirs = left.subsets.members[left.subset][:, right.target]
        return mine, theirs

    @cached_property
    def sources(self) -> Floats:
        """Tasks in both subsets that are target of neither cell, shape [N, N']."""
        mine, theirs = self._target_in_other
        common = self._left.subsets.common(self._right.subsets)[self._place]
        return np.asarray(common - mine - theirs + self.same_target)

    @cached_property
    def mutual(self) -> Floats:
        """Source-target links in common when both directions count as one, shape [N, N']."""
        mine, theirs = self._target_in_other
        return np.where(self.same_target, self.sources, mine * theirs)

    @cached_property
    def distance(self) -> Floats:
        """Tasks in just one of the two subsets, shape [N, N']."""
        return self._left.subsets.distance(self._right.subsets)[self._place]

    @cached_property
    def partners(self) -> tuple[Floats, Floats]:
        """Tasks beside the target, shapes [N, 1] and [N']."""
        left, right = self._left, self._right
        return left.subsets.partners[left.subset][:, None], right.subsets.partners[right.subset]

    @cached_property
    def log_size(self) -> Floats:
        """Product of the log sizes, shape [N, N']."""
        left, right = self._left, self._right
        return left.subsets.log_size[left.subset][:, None] * right.subsets.log_size[right.subset]

    def hinted(self, hint: Floats) -> Floats:
        """Product of what a hint says of the cells, shape [N, N']."""
        left, right = self._left, self._right
        says = [hinted(cells.subsets, hint)[cells.subset, cells.target] for cells in (left, right)]
        return np.outer(*says)

    @property
    def n_tasks(self) -> int:
        """Tasks of the list."""
        return self._left.subsets.n_tasks


def covariance(component: Component, overlap: Overlap) -> Floats:
    """A component's covariance at unit variance, shape [N, N']."""
    if component.feature == "hint":
        return overlap.hinted(component.hint)
    links = overlap.mutual if component.strength == "mutual" else overlap.sources
    matrix = _feature_covariance(component, overlap, links)
    return matrix * overlap.same_target if component.strength == "own" else matrix


def covariances(components: tuple[Component, ...], overlap: Overlap) -> Iterator[Floats]:
    """`covariance` of each component."""
    return (covariance(component, overlap) for component in components)


def _feature_covariance(component: Component, overlap: Overlap, links: Floats) -> Floats:
    feature, (k, other) = component.feature, overlap.partners
    sum_norm, pair_norm = norms(overlap.n_tasks)
    if feature == "constant":
        return np.ones(overlap.shape)
    if feature == "size":
        return overlap.log_size
    if feature == "sum":
        return links * sum_norm
    if feature == "mean":
        return np.asarray(links / (k * other))
    if feature in REACH:
        return np.exp(-overlap.distance / REACH[feature])
    pairs = links * (links - 1) / 2
    if feature == "pair_sum":
        return pairs * pair_norm
    scale = np.maximum(k * (k - 1) / 2, 1.0) * np.maximum(other * (other - 1) / 2, 1.0)
    return np.asarray(pairs / scale)
