"""The covariance of measured cells under each component.

Shape letters: `N` cells, `R` measured networks, `T` tasks.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from taskgroup.search.surrogate.components import REACH, Component
from taskgroup.search.surrogate.features import Floats, Integers, Networks, hinted, norms, same_level


@dataclass(frozen=True)
class Cells:
    """Targets in networks.

    Attributes:
        networks: The networks, R of them.
        network: Shape [N], which network each cell is in.
        target: Shape [N], the cell's task.
    """

    networks: Networks
    network: Integers
    target: Integers

    def __len__(self) -> int:
        return len(self.target)

    def take(self, cells: Integers) -> Cells:
        """Some of the cells."""
        return Cells(self.networks, self.network[cells], self.target[cells])


class Overlap:
    """How the cells of two lists overlap: everything that the components' covariances are made of."""

    def __init__(self, left: Cells, right: Cells) -> None:
        self._left, self._right = left, right
        self._place = np.ix_(left.network, right.network)
        self.same_target = left.target[:, None] == right.target

    @cached_property
    def shape(self) -> tuple[int, int]:
        """[N, N']."""
        return len(self._left), len(self._right)

    @cached_property
    def _target_in_other(self) -> tuple[Floats, Floats]:
        left, right = self._left, self._right
        mine = right.networks.members[right.network][:, left.target].T
        theirs = left.networks.members[left.network][:, right.target]
        return mine, theirs

    @cached_property
    def sources(self) -> Floats:
        """Tasks in both subsets that are target of neither cell, shape [N, N']."""
        mine, theirs = self._target_in_other
        common = self._left.networks.common(self._right.networks)[self._place]
        return np.asarray(common - mine - theirs + self.same_target)

    @cached_property
    def mutual(self) -> Floats:
        """Source-target links in common when both directions count as one, shape [N, N']."""
        mine, theirs = self._target_in_other
        return np.where(self.same_target, self.sources, mine * theirs)

    @cached_property
    def distance(self) -> Floats:
        """Tasks in just one of the two subsets, shape [N, N']."""
        return self._left.networks.distance(self._right.networks)[self._place]

    @cached_property
    def partners(self) -> tuple[Floats, Floats]:
        """Tasks beside the target, shapes [N, 1] and [N']."""
        left, right = self._left, self._right
        return left.networks.partners[left.network][:, None], right.networks.partners[right.network]

    @cached_property
    def log_size(self) -> Floats:
        """Product of the log sizes, shape [N, N']."""
        left, right = self._left, self._right
        return left.networks.log_size[left.network][:, None] * right.networks.log_size[right.network]

    def hinted(self, hint: Floats) -> Floats:
        """Product of what a hint says of the cells, shape [N, N']."""
        left, right = self._left, self._right
        says = [hinted(cells.networks, hint)[cells.network, cells.target] for cells in (left, right)]
        return np.outer(*says)

    def same_level(self, within: tuple[int, ...]) -> NDArray[np.bool_]:
        """Whether the networks are trained at the same levels of some factors, shape [N, N']."""
        return same_level(self._left.networks, self._right.networks, within)[self._place]

    @property
    def n_tasks(self) -> int:
        """Tasks of the list."""
        return self._left.networks.n_tasks


def covariance(component: Component, overlap: Overlap) -> Floats:
    """A component's covariance at unit variance, shape [N, N']."""
    if component.feature == "hint":
        return overlap.hinted(component.hint)
    links = overlap.mutual if component.strength == "mutual" else overlap.sources
    matrix = _feature_covariance(component, overlap, links)
    if component.within:
        matrix = matrix * overlap.same_level(component.within)
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
