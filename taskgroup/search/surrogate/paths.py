"""Functions over all (target, network): the posterior mean and draws from the posterior.

Every function is linear in features of the network, with weights for each target, so that its values at
thousands of networks are one matrix product. A draw is a draw from the prior, corrected by what the measured
cells say of it (Wilson 2020, "Efficiently sampling functions from Gaussian process posteriors", eq. 9).

Shape letters: `C` networks, `T` tasks, `P` features, `M` functions, `R` anchors, `N` cells.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from taskgroup.search.arm import ONE_WAY, Ways
from taskgroup.search.surrogate.components import REACH, Component, Feature
from taskgroup.search.surrogate.covariance import Cells
from taskgroup.search.surrogate.features import (
    Floats,
    Networks,
    Parities,
    by_level,
    closeness,
    hinted,
    linear_features,
    same_level,
)

_N_PARITIES = 256


class Basis(NamedTuple):
    """What some weights of a function belong to.

    Attributes:
        feature: Of the subset.
        within: The factors of the way of training at whose levels there are weights of their own.
        drawn: Whether a local feature is given by random parities, else by its anchors.
    """

    feature: Feature
    within: tuple[int, ...] = ()
    drawn: bool = False


@dataclass(frozen=True)
class Functions:
    """Some functions from (target, network) to gains.

    Attributes:
        anchors: Networks that local components are centred at.
        parities: Random features of the local components.
        weights: By basis, [P, M, T] each.
    """

    anchors: Networks
    parities: dict[Feature, Parities]
    weights: dict[Basis, Floats]

    def at(self, networks: Networks) -> Floats:
        """Values of every target, whether or not in the subset, shape [M, C, T]."""
        features = np.concatenate([self._features(networks, basis) for basis in self.weights], axis=1)
        stacked = np.concatenate(list(self.weights.values()), axis=0)
        n_functions, n_tasks = stacked.shape[1:]
        flat: Floats = features @ stacked.reshape(len(stacked), -1)
        return flat.reshape(len(networks), n_functions, n_tasks).transpose(1, 0, 2)

    def _features(self, networks: Networks, basis: Basis) -> Floats:
        feature, within, drawn = basis
        if drawn:
            return by_level(self.parities[feature].features(networks), networks, within)
        if feature in REACH:
            near = closeness(networks, self.anchors, feature)
            return near * same_level(networks, self.anchors, within) if within else near
        return by_level(linear_features(networks, feature), networks, within)

    def only(self, number: int) -> Functions:
        """One of the functions."""
        chosen = {basis: weights[:, number : number + 1] for basis, weights in self.weights.items()}
        return Functions(self.anchors, self.parities, chosen)

    def times(self, factor: float) -> Functions:
        """Scale the functions."""
        scaled = {basis: factor * weights for basis, weights in self.weights.items()}
        return Functions(self.anchors, self.parities, scaled)

    def plus(self, other: Functions) -> Functions:
        """Add as many functions with the same anchors one by one."""
        total = dict(self.weights)
        for basis, weights in other.weights.items():
            total[basis] = total[basis] + weights if basis in total else weights
        return Functions(other.anchors, {**self.parities, **other.parities}, total)


def from_dual(components: Sequence[Component], variance: Floats, cells: Cells, dual: Floats) -> Functions:
    """The functions `sum over cells of dual x covariance with the cell`.

    Args:
        components: The parts of a gain.
        variance: Of each component.
        cells: Where the functions are anchored.
        dual: Shape [N, M].
    """
    networks = cells.networks
    placed = np.zeros((len(networks), dual.shape[1], networks.n_tasks))
    placed[cells.network, :, cells.target] = dual
    weights: dict[Basis, Floats] = {}
    for component, size in zip(components, variance, strict=True):
        added = size * _dual_weights(component, networks, placed)
        basis = Basis(_weighted_feature(component), component.within)
        weights[basis] = weights[basis] + added if basis in weights else added
    return Functions(networks, {}, weights)


def draw_prior(
    components: Sequence[Component],
    variance: Floats,
    n_tasks: int,
    n: int,
    rng: np.random.Generator,
    *,
    ways: Ways = ONE_WAY,
) -> Functions:
    """Draw functions before any run."""
    none = Networks(np.zeros((0, n_tasks)), ways=ways)
    weights: dict[Basis, Floats] = {}
    parities = {f: Parities.draw(n_tasks, _N_PARITIES, f, rng) for f in dict.fromkeys(REACH)}
    for component, size in zip(components, variance, strict=True):
        feature = _weighted_feature(component)
        basis = Basis(feature, component.within, drawn=feature in REACH)
        added = np.sqrt(size) * _drawn_weights(component, none, n, rng)
        weights[basis] = weights[basis] + added if basis in weights else added
    return Functions(none, parities, weights)


def _dual_weights(component: Component, networks: Networks, placed: Floats) -> Floats:
    """Weights [P, M, T] of a component at unit variance; `placed` is the dual, [R, M, T]."""
    feature, n_tasks = component.feature, networks.n_tasks
    if feature == "hint":
        believed = np.einsum("rt,rmt->m", hinted(networks, component.hint), placed, optimize=True)
        return np.asarray(np.einsum("m,tu->umt", believed, component.hint))
    if feature in REACH:
        return placed if component.strength == "own" else _same_for_all(placed.sum(axis=2), n_tasks)
    features = by_level(linear_features(networks, feature), networks, component.within)
    own: Floats = np.einsum("rp,rmt->pmt", features, placed, optimize=True)
    mask = _not_own(component, networks)
    if component.strength == "own":
        return own * mask
    if component.strength == "common":
        return _same_for_all((own * mask).sum(axis=2), n_tasks) * mask
    return (own + own.transpose(2, 1, 0)) * mask


def _drawn_weights(component: Component, networks: Networks, n: int, rng: np.random.Generator) -> Floats:
    feature, n_tasks = component.feature, networks.n_tasks
    if feature == "hint":
        return np.asarray(np.einsum("m,tu->umt", rng.normal(size=n), component.hint))
    if feature in REACH:
        mask: Floats = np.ones((_N_PARITIES * networks.n_levels(component.within), 1, n_tasks))
    else:
        mask = _not_own(component, networks)
    n_features = len(mask)
    if component.strength == "common":
        return _same_for_all(rng.normal(size=(n_features, n)), n_tasks) * mask
    drawn = rng.normal(size=(n_features, n, n_tasks))
    if component.strength == "mutual":
        upper = np.triu(np.ones((n_tasks, n_tasks)), k=1)[:, None, :]
        drawn = drawn * upper + (drawn * upper).transpose(2, 1, 0)
    return drawn * mask


def _weighted_feature(component: Component) -> Feature:
    """A hint is a direction in the weights of averages."""
    return "mean" if component.feature == "hint" else component.feature


def _same_for_all(weights: Floats, n_tasks: int) -> Floats:
    return np.repeat(weights[:, :, None], n_tasks, axis=2)


def _not_own(component: Component, networks: Networks) -> Floats:
    """1 where a feature counts for a target, 0 where the target itself is part of it, [P, 1, T]."""
    mask = _without_target(component.feature, networks.n_tasks)
    return np.tile(mask, (networks.n_levels(component.within), 1, 1))


def _without_target(feature: Feature, n_tasks: int) -> Floats:
    if feature in ("constant", "size"):
        return np.ones((1, 1, n_tasks))
    alone = np.eye(n_tasks)
    if feature in ("sum", "mean"):
        return (1.0 - alone)[:, None, :]
    first, second = np.triu_indices(n_tasks, k=1)
    return (1.0 - np.maximum(alone[first], alone[second]))[:, None, :]
