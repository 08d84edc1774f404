"""The prior: a covariance that is none, or not the stated one, makes all intervals and choices wrong."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from surrogate_cases import cells_of, explicit_covariance, joint_subsets, names

from taskgroup.search.surrogate import Networks, posterior
from taskgroup.search.surrogate.components import COMPONENTS, Component
from taskgroup.search.surrogate.covariance import Cells, Overlap, covariance

TASKS = names(5)
CELLS = cells_of(joint_subsets(TASKS), TASKS)
EVERY_COMPONENT = pytest.mark.parametrize("component", COMPONENTS, ids=str)


@EVERY_COMPONENT
def test_every_component_is_the_sum_over_its_weights(component):
    found = covariance(component, Overlap(CELLS, CELLS))
    assert found == pytest.approx(explicit_covariance(component, CELLS), abs=1e-12)


@given(st.data(), st.sampled_from(COMPONENTS), st.integers(2, 7))
def test_every_component_is_symmetric_and_positive_semidefinite(data, component, n_tasks):
    cells = drawn_cells(data, n_tasks)
    matrix = covariance(component, Overlap(cells, cells))
    assert np.array_equal(matrix, matrix.T)
    assert np.linalg.eigvalsh(matrix).min() > -1e-9


@given(st.data(), st.sampled_from(COMPONENTS), st.integers(2, 6))
def test_two_lists_of_cells_overlap_as_their_parts_of_one_list_do(data, component, n_tasks):
    """Predictions use other cells than the measured ones."""
    cells = drawn_cells(data, n_tasks)
    half = len(cells) // 2
    first, second = cells.take(np.arange(half)), cells.take(np.arange(half, len(cells)))
    own = Cells(Networks(second.networks.members[second.network]), np.arange(len(second)), second.target)
    whole = covariance(component, Overlap(cells, cells))
    assert covariance(component, Overlap(first, own)) == pytest.approx(whole[:half, half:], abs=1e-12)


@EVERY_COMPONENT
def test_subsets_of_half_the_tasks_have_variances_of_about_one_or_less(component: Component):
    """Otherwise a component's share would mean something else at twenty tasks than at five."""
    tasks = names(21)
    variance = covariance(component, Overlap(*[cells_of([tasks[:11]], tasks)] * 2)).diagonal()
    assert (variance > 0).all()
    assert (variance < 1.5).all()


def drawn_cells(data: st.DataObject, n_tasks: int) -> Cells:
    every = cells_of(joint_subsets(names(n_tasks)), names(n_tasks))
    places = st.lists(st.integers(0, len(every) - 1), min_size=2, max_size=25, unique=True)
    return every.take(np.array(data.draw(places)))


def test_covariances_are_the_same_in_blocks(monkeypatch):
    """Many measured cells are compared some at a time; a search must not change with how many."""
    whole = posterior._weighted(COMPONENTS, np.linspace(0.1, 1.0, len(COMPONENTS)), CELLS, CELLS)
    monkeypatch.setattr(posterior, "_BLOCK", 3 * len(CELLS) + 1)
    blocks = posterior._weighted(COMPONENTS, np.linspace(0.1, 1.0, len(COMPONENTS)), CELLS, CELLS)
    assert np.array_equal(whole, blocks)
