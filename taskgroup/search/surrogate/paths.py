"""Functions over all (target, subset): the posterior mean and draws from the posterior.

Every function is linear in features of the subset, with weights for each target, so that its values at
thousands of subsets are one matrix product. A draw is a draw from the prior, corrected by what the measured
cells say of it (Wilson 2020, "Efficiently sampling functions from Gaussian process posteriors", eq. 9).

Shape letters: `C` subsets, `T` tasks, `P` features, `M` functions, `R` anchors, `N` cells.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from taskgroup.search.surrogate.components import REACH, Component, Feature
from taskgroup.search.surrogate.covariance import Cells
from taskgroup.search.surrogate.features import (
    Floats,
    Parities,
    Subsets,
    closeness,
    hinted,
    linear_features,
)

_N_PARITIES = 256


@dataclass(frozen=True)
class Functions:
    """Some functions from (target, subset) to gains.

    Attributes:
        anchors: Subsets that local components are centred at.
        parities: Random features of the local components.
        weights: By feature (`near` and `around` by anchor, `parity near` and `parity around`), [P, M, T].
    """

    anchors: Subsets
    parities: dict[Feature, Parities]
    weights: dict[str, Floats]

    def at(self, subsets: Subsets) -> Floats:
        """Values of every target, whether or not in the subset, shape [M, C, T]."""
        features = np.concatenate([self._features(subsets, name) for name in self.weights], axis=1)
        stacked = np.concatenate(list(self.weights.values()), axis=0)
        n_functions, n_tasks = stacked.shape[1:]
        flat: Floats = features @ stacked.reshape(len(stacked), -1)
        return flat.reshape(len(subsets), n_functions, n_tasks).transpose(1, 0, 2)

    def _features(self, subsets: Subsets, name: str) -> Floats:
        kind, _, feature = name.rpartition(" ")
        if kind:
            return self.parities[feature].features(subsets)  # type: ignore[index]
        if name in REACH:
            return closeness(subsets, self.anchors, name)
        return linear_features(subsets, name)  # type: ignore[arg-type]

    def only(self, number: int) -> Functions:
        """One of the functions."""
        chosen = {name: weights[:, number : number + 1] for name, weights in self.weights.items()}
        return Functions(self.anchors, self.parities, chosen)

    def times(self, factor: float) -> Functions:
        """Scale the functions."""
        scaled = {name: factor * weights for name, weights in self.weights.items()}
        return Functions(self.anchors, self.parities, scaled)

    def plus(self, other: Functions) -> Functions:
        """Add as many functions with the same anchors one by one."""
        names = dict.fromkeys([*self.weights, *other.weights])
        total = {
            name: sum(part.weights[name] for part in (self, other) if name in part.weights) for name in names
        }
        return Functions(other.anchors, {**self.parities, **other.parities}, total)  # type: ignore[arg-type]


def from_dual(components: Sequence[Component], variance: Floats, cells: Cells, dual: Floats) -> Functions:
    """The functions `sum over cells of dual x covariance with the cell`.

    Args:
        components: The parts of a gain.
        variance: Of each component.
        cells: Where the functions are anchored.
        dual: Shape [N, M].
    """
    subsets = cells.subsets
    placed = np.zeros((len(subsets), dual.shape[1], subsets.n_tasks))
    placed[cells.subset, :, cells.target] = dual
    weights: dict[str, Floats] = {}
    for component, size in zip(components, variance, strict=True):
        added = size * _dual_weights(component, subsets, placed)
        name = _weighted_feature(component)
        weights[name] = weights[name] + added if name in weights else added
    return Functions(subsets, {}, weights)


def draw_prior(
    components: Sequence[Component], variance: Floats, n_tasks: int, n: int, rng: np.random.Generator
) -> Functions:
    """Draw functions before any run."""
    weights: dict[str, Floats] = {}
    parities = {f: Parities.draw(n_tasks, _N_PARITIES, f, rng) for f in dict.fromkeys(REACH)}
    for component, size in zip(components, variance, strict=True):
        feature = _weighted_feature(component)
        name = f"parity {feature}" if feature in REACH else feature
        added = np.sqrt(size) * _drawn_weights(component, n_tasks, n, rng)
        weights[name] = weights[name] + added if name in weights else added
    return Functions(Subsets(np.zeros((0, n_tasks))), parities, weights)


def _dual_weights(component: Component, subsets: Subsets, placed: Floats) -> Floats:
    """Weights [P, M, T] of a component at unit variance; `placed` is the dual, [R, M, T]."""
    feature, n_tasks = component.feature, subsets.n_tasks
    if feature == "hint":
        believed = np.einsum("rt,rmt->m", hinted(subsets, component.hint), placed, optimize=True)
        return np.asarray(np.einsum("m,tu->umt", believed, component.hint))
    if feature in REACH:
        return placed if component.strength == "own" else _same_for_all(placed.sum(axis=2), n_tasks)
    features = linear_features(subsets, feature)
    own: Floats = np.einsum("rp,rmt->pmt", features, placed, optimize=True)
    mask = _not_own(feature, n_tasks)
    if component.strength == "own":
        return own * mask
    if component.strength == "common":
        return _same_for_all((own * mask).sum(axis=2), n_tasks) * mask
    return (own + own.transpose(2, 1, 0)) * mask


def _drawn_weights(component: Component, n_tasks: int, n: int, rng: np.random.Generator) -> Floats:
    feature = component.feature
    if feature == "hint":
        return np.asarray(np.einsum("m,tu->umt", rng.normal(size=n), component.hint))
    if feature in REACH:
        mask: Floats = np.ones((_N_PARITIES, 1, n_tasks))
    else:
        mask = _not_own(feature, n_tasks)
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


def _not_own(feature: Feature, n_tasks: int) -> Floats:
    """1 where a feature counts for a target, 0 where the target itself is part of it, [P, 1, T]."""
    if feature in ("constant", "size"):
        return np.ones((1, 1, n_tasks))
    alone = np.eye(n_tasks)
    if feature in ("sum", "mean"):
        return (1.0 - alone)[:, None, :]
    first, second = np.triu_indices(n_tasks, k=1)
    return (1.0 - np.maximum(alone[first], alone[second]))[:, None, :]
