"""Functions in weight space: drawing others than are believed in would send a search astray."""

from __future__ import annotations

import numpy as np
import pytest
from surrogate_cases import cells_of, conditioned, joint_subsets, names, prior_covariance

from taskgroup.search.arm import at_home
from taskgroup.search.surrogate import Floats, Functions, Networks
from taskgroup.search.surrogate.components import COMPONENTS, Component
from taskgroup.search.surrogate.covariance import Cells, Overlap, covariance
from taskgroup.search.surrogate.features import Parities, closeness
from taskgroup.search.surrogate.paths import draw_prior, from_dual

TASKS = names(5)
CELLS = cells_of(joint_subsets(TASKS), TASKS)
EVERY_COMPONENT = pytest.mark.parametrize("component", COMPONENTS, ids=str)


def at_cells(functions: Functions, cells: Cells) -> Floats:
    """Values of functions at cells, [M, N]."""
    return functions.at(cells.networks)[:, cells.network, cells.target]


@EVERY_COMPONENT
def test_dual_weights_reproduce_the_covariance(component):
    """The posterior mean is computed so for thousands of subsets at once."""
    rng = np.random.default_rng(0)
    measured = CELLS.take(rng.permutation(len(CELLS))[:20])
    dual = rng.normal(size=(len(measured), 3))
    found = at_cells(from_dual([component], np.array([0.7]), measured, dual), CELLS)
    expected = 0.7 * covariance(component, Overlap(CELLS, measured)) @ dual
    assert found == pytest.approx(expected.T, abs=1e-12)


def test_dual_weights_of_all_components_add_up():
    rng = np.random.default_rng(1)
    variance = rng.uniform(0.1, 1.0, len(COMPONENTS))
    dual = rng.normal(size=(len(CELLS), 2))
    found = at_cells(from_dual(COMPONENTS, variance, CELLS, dual), CELLS)
    assert found == pytest.approx((prior_covariance(COMPONENTS, variance, CELLS) @ dual).T, abs=1e-10)


@EVERY_COMPONENT
def test_drawn_functions_have_the_covariance_of_their_component(component):
    cells = CELLS.take(np.arange(0, len(CELLS), 4))
    found = empirical([component], np.ones(1), cells, n_calls=12, n=400)
    expected = covariance(component, Overlap(cells, cells))
    assert found == pytest.approx(expected, abs=0.15 * expected.max())
    assert np.abs(found - expected).mean() < 0.06 * expected.max()


def test_drawn_functions_of_all_components_have_the_sum_of_their_covariances():
    variance = np.array([component.share for component in COMPONENTS])
    cells = CELLS.take(np.arange(0, len(CELLS), 4))
    found = empirical(COMPONENTS, variance, cells, n_calls=4, n=1500)
    expected = prior_covariance(COMPONENTS, variance, cells)
    assert found == pytest.approx(expected, abs=0.1 * expected.max())


@pytest.mark.parametrize("feature", ["near", "around"])
def test_parities_agree_as_often_as_the_stated_correlation(feature):
    subsets = Networks.of(at_home(joint_subsets(TASKS)), TASKS)
    features = Parities.draw(5, 40_000, feature, np.random.default_rng(0)).features(subsets)
    assert features @ features.T == pytest.approx(closeness(subsets, subsets, feature), abs=0.03)


def test_one_of_several_functions_can_be_taken_out_and_functions_add():
    rng = np.random.default_rng(3)
    variance = np.ones(len(COMPONENTS))
    prior = draw_prior(COMPONENTS, variance, 5, 4, rng)
    update = from_dual(COMPONENTS, variance, CELLS, rng.normal(size=(len(CELLS), 4)))
    total = at_cells(prior, CELLS) + at_cells(update, CELLS)
    assert at_cells(prior.plus(update), CELLS) == pytest.approx(total, abs=1e-9)
    assert at_cells(prior.plus(update).only(2), CELLS) == pytest.approx(total[2:3], abs=1e-9)


def test_the_textbook_formula_of_these_tests_is_right():
    """Two normals with correlation 0.8, one of them seen with noise: the schoolbook values."""
    mean, left = conditioned(
        np.array([[1.0, 0.8], [0.8, 1.0]]), np.array([0]), np.array([1.0]), np.array([2.0])
    )
    assert mean == pytest.approx([1.0, 0.8])
    assert left == pytest.approx(np.array([[0.5, 0.4], [0.4, 0.68]]))


def empirical(
    components: list[Component] | tuple[Component, ...],
    variance: Floats,
    cells: Cells,
    *,
    n_calls: int,
    n: int,
) -> Floats:
    """Mean product of drawn values; several calls, since those of one call share their parities."""
    drawn = np.concatenate(
        [
            at_cells(draw_prior(components, variance, 5, n, np.random.default_rng(seed)), cells)
            for seed in range(n_calls)
        ]
    )
    return np.asarray(drawn.T @ drawn / len(drawn))
