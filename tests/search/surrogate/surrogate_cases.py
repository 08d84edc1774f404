"""Networks, cells and the textbook formulas that the surrogate is held against."""

from __future__ import annotations

import itertools
from collections.abc import Mapping

import numpy as np

from taskgroup.search.arm import Arm, at_home
from taskgroup.search.surrogate import Belief, Floats, Networks
from taskgroup.search.surrogate.components import REACH, Component
from taskgroup.search.surrogate.covariance import Cells, Overlap, covariance
from taskgroup.spec import Subset


def names(n_tasks: int) -> Subset:
    return tuple(f"t{i:02}" for i in range(n_tasks))


def joint_subsets(tasks: Subset) -> list[Subset]:
    """All subsets of two or more tasks."""
    return [s for size in range(2, len(tasks) + 1) for s in itertools.combinations(tasks, size)]


def cells_of(subsets: list[Subset], tasks: Subset) -> Cells:
    """Every task of every subset."""
    encoded = Networks.of(at_home(subsets), tasks)
    row, target = np.nonzero(encoded.members)
    return Cells(encoded, row, target)


def believed(tasks: Subset, values: Mapping[Subset, Mapping[str, float]], **settings) -> Belief:
    """What is learned of networks that are trained in one way."""
    return Belief.of(tasks, {Arm(subset): of_tasks for subset, of_tasks in values.items()}, **settings)


def explicit_covariance(component: Component, cells: Cells) -> Floats:
    """The component's covariance from its definition: a sum over every weight of its prior."""
    return np.array([[_pair(component, cells, i, j) for j in range(len(cells))] for i in range(len(cells))])


def _pair(component: Component, cells: Cells, i: int, j: int) -> float:
    t, u = int(cells.target[i]), int(cells.target[j])
    left, right = (set(np.flatnonzero(cells.networks.members[cells.network[k]])) for k in (i, j))
    if component.feature in REACH:
        tied = component.strength == "common" or t == u
        return tied * float(np.exp(-len(left ^ right) / REACH[component.feature]))
    mine = _weights(component, left, t, cells.networks.n_tasks)
    theirs = _weights(component, right, u, cells.networks.n_tasks)
    return sum(value * theirs.get(weight, 0.0) for weight, value in mine.items())


def _weights(component: Component, subset: set, target: int, n_tasks: int) -> dict:
    """How much each weight of the prior adds to a target in a subset."""
    sources = sorted(subset - {target})
    pairs = list(itertools.combinations(sources, 2))
    k = len(sources)
    added: dict = {
        "constant": lambda: {(): 1.0},
        "size": lambda: {(): np.log(k) / np.log(max(n_tasks - 1, 2))},
        "sum": lambda: {(s,): np.sqrt(2 / (n_tasks - 1)) for s in sources},
        "mean": lambda: {(s,): 1 / k for s in sources},
        "pair_sum": lambda: {p: np.sqrt(8 / ((n_tasks - 1) * (n_tasks - 2))) for p in pairs},
        "pair_mean": lambda: {p: 1 / len(pairs) for p in pairs},
    }[component.feature]()
    if component.strength == "own":
        return {(target, *key): value for key, value in added.items()}
    if component.strength == "mutual":
        return {frozenset({target, *key}): value for key, value in added.items()}
    return added


def prior_covariance(components: tuple[Component, ...], variance: Floats, cells: Cells) -> Floats:
    overlap = Overlap(cells, cells)
    return np.asarray(
        sum(v * covariance(component, overlap) for component, v in zip(components, variance, strict=True))
    )


def conditioned(joint: Floats, known: Floats, noise: Floats, values: Floats) -> tuple[Floats, Floats]:
    """Mean and covariance of a joint normal given some of its entries with noise: the textbook formula."""
    gain = joint[:, known] @ np.linalg.inv(joint[np.ix_(known, known)] + np.diag(noise))
    return gain @ values, joint - gain @ joint[known]
