"""Networks in several ways: what one tells of another is learned, and formulas hold in each."""

from __future__ import annotations

import itertools
from collections.abc import Mapping

import numpy as np
import pytest
from surrogate_cases import joint_subsets, names, prior_covariance

from taskgroup.search.arm import Arm, Ways
from taskgroup.search.surrogate import Belief, Floats, Networks
from taskgroup.search.surrogate.components import COMPONENTS, components_for
from taskgroup.search.surrogate.covariance import Cells, Overlap, covariance
from taskgroup.search.surrogate.paths import draw_prior, from_dual
from taskgroup.spec import Subset

TASKS = names(4)
WAYS = Ways(levels=np.array([[0, 0], [1, 0], [0, 1], [1, 1]]), full=(0, 1, 2, 3), cost=(1.0,) * 4)
TWO = Ways(levels=np.array([[0], [1]]), full=(0, 1), cost=(1.0, 1.0))
SUBSETS = joint_subsets(TASKS)
ARMS = WAYS.of(SUBSETS)
Measured = Mapping[Subset, Mapping[str, float]]
PECULIAR = [part for part in components_for(4, 2) if part.within]


def cells_of(arms: list[Arm], ways: Ways) -> Cells:
    encoded = Networks.of(arms, TASKS, ways)
    network, target = np.nonzero(encoded.members)
    return Cells(encoded, network, target)


@pytest.mark.parametrize("part", PECULIAR, ids=lambda p: f"{p.feature} {p.strength} {p.within}")
def test_what_is_peculiar_is_shared_at_the_same_levels_only(part):
    """Its covariance is that of the same component without ways, within a level, and zero across."""
    cells = cells_of(ARMS, WAYS)
    everywhere = next(c for c in COMPONENTS if (c.feature, c.strength) == (part.feature, part.strength))
    plain = covariance(everywhere, Overlap(cells, cells))
    levels = WAYS.levels[[ARMS[n].way for n in cells.network]][:, part.within]
    same = (levels[:, None] == levels).all(axis=2)
    assert covariance(part, Overlap(cells, cells)) == pytest.approx(plain * same)


def test_functions_have_the_covariance_that_they_are_made_of():
    """A dual weight at one cell gives the covariances with that cell, in every way."""
    components = components_for(4, 2)
    variance = np.linspace(0.5, 1.5, len(components))
    cells = cells_of(ARMS, WAYS)
    matrix = prior_covariance(components, variance, cells)
    dual = np.eye(len(cells))[:, ::17]
    at = from_dual(components, variance, cells, dual).at(cells.networks)
    assert pytest.approx(matrix[:, ::17]) == at[:, cells.network, cells.target].T


def test_draws_have_the_covariance_of_the_prior():
    components = components_for(4, 1)
    variance = np.array([1.0 if part.within else 0.0 for part in components])
    arms = TWO.of([TASKS, TASKS[:3], TASKS[:2]])
    cells = cells_of(arms, TWO)
    rng = np.random.default_rng(0)
    drawn = [
        draw_prior(components, variance, 4, 200, rng, ways=TWO).at(cells.networks)[
            :, cells.network, cells.target
        ]
        for _ in range(20)
    ]
    found = np.cov(np.concatenate(drawn).T)
    expected = prior_covariance(components, variance, cells)
    assert np.abs(found - expected).max() < 0.12 * expected.max()


@pytest.mark.parametrize("shift", [0.0, 0.3])
def test_one_way_tells_of_another_that_is_like_it(shift):
    """Else every way would have to be measured as if nothing were known."""
    rng = np.random.default_rng(1)
    truth = {s: {t: 0.1 * rng.normal() for t in s} for s in SUBSETS}
    other = {s: {t: v + shift for t, v in of_tasks.items()} for s, of_tasks in truth.items()}
    assert error_in_the_other_way(truth, other) < 0.4 * 0.1


def test_one_way_hardly_misleads_about_another_that_is_not_like_it():
    rng = np.random.default_rng(2)
    with_home, without = [], []
    for _ in range(10):
        strength = 0.1 * rng.normal(size=(2, 4, 4))
        home, other = ({s: additive(s, own) for s in SUBSETS} for own in strength)
        with_home.append(error_in_the_other_way(home, other))
        without.append(error_in_the_other_way({s: home[s] for s in SUBSETS[:1]}, other))
    assert np.mean(with_home) < 1.15 * np.mean(without)


def additive(subset: Subset, strength: Floats) -> dict[str, float]:
    """The mean of what each source does to each target."""
    rows = {t: TASKS.index(t) for t in subset}
    return {t: float(np.mean([strength[rows[t], rows[s]] for s in subset if s != t])) for t in subset}


def error_in_the_other_way(home: Measured, other: Measured) -> float:
    """Mean absolute error on the half of the networks that was not measured in the second way."""
    values = {Arm((t,)): {t: 0.0} for t in TASKS} | {Arm(s): of_tasks for s, of_tasks in home.items()}
    values |= {Arm(s, 1): other[s] for s in SUBSETS[::2]}
    belief = Belief.of(TASKS, values, ways=TWO, noise=dict.fromkeys(TASKS, 1e-6))
    held = SUBSETS[1::2]
    expected = belief.expected(Networks.of([Arm(s, 1) for s in held], TASKS, TWO))
    away = [expected[row, TASKS.index(t)] - other[s][t] for row, s in enumerate(held) for t in s]
    return float(np.abs(away).mean())


def test_arms_survive_being_numbers():
    arms = [Arm(("t00",)), *ARMS]
    assert Networks.of(arms, TASKS, WAYS).arms(TASKS) == arms


def test_levels_number_every_combination_once():
    encoded = Networks.of([Arm(TASKS, way) for way in range(4)], TASKS, WAYS)
    assert sorted(encoded.level((0, 1))) == [0, 1, 2, 3]
    assert encoded.n_levels((0, 1)) == 4
    pairs = itertools.product(range(4), repeat=2)
    same: list[Floats] = [encoded.level((1,))[a] == encoded.level((1,))[b] for a, b in pairs]
    assert sum(same) == 8
