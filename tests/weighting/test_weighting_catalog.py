"""What every weighting in the catalog must do; a new one is tested by being listed there."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from taskgroup.weighting import WEIGHTINGS, Branches, Weighting

Case = tuple[Branches, Tensor, Tensor]
"""Branches of some runs, their parameters and their losses."""


@st.composite
def cases(draw: st.DrawFn) -> Case:
    sizes = draw(st.lists(st.integers(1, 4), min_size=1, max_size=4))
    n = sum(sizes)

    def drawn(values: st.SearchStrategy[float]) -> Tensor:
        return torch.tensor(draw(st.lists(values, min_size=n, max_size=n)), dtype=torch.float64)

    branches = Branches(
        run=torch.repeat_interleave(torch.arange(len(sizes)), torch.tensor(sizes)),
        n_labels=drawn(st.integers(1, 10_000).map(float)),
        is_regression=drawn(st.sampled_from([0.0, 1.0])),
    )
    return branches, drawn(st.floats(-3, 3)), drawn(st.floats(0.01, 10))


def taken(case: Case, positions: Tensor) -> Case:
    """Some of the branches, in another order."""
    branches, parameters, losses = case
    run = torch.unique(branches.run[positions], return_inverse=True)[1]
    part = Branches(run, branches.n_labels[positions], branches.is_regression[positions])
    return part, parameters[positions], losses[positions]


def weights(weighting: Weighting, case: Case) -> Tensor:
    branches, parameters, losses = case
    return weighting.weights(branches, None if weighting.start(branches) is None else parameters, losses)


@pytest.fixture(params=WEIGHTINGS, scope="module")
def weighting(request: pytest.FixtureRequest) -> Weighting:
    return WEIGHTINGS[request.param]()


@given(case=cases())
def test_weights_are_positive_and_finite(weighting, case):
    """A weight of zero or below would stop a task from learning, or teach it the opposite."""
    found = weights(weighting, case)
    assert found.shape == case[0].run.shape
    assert found.isfinite().all()
    assert (found > 0).all()


@given(case=cases(), data=st.data())
def test_relabelling_tasks_permutes_the_weights(weighting, case, data):
    order = torch.tensor(data.draw(st.permutations(range(len(case[0].run)))))
    torch.testing.assert_close(weights(weighting, taken(case, order)), weights(weighting, case)[order])


@given(case=cases())
def test_runs_do_not_see_each_other(weighting, case):
    """A cohort must train each run as it would train alone."""
    together = weights(weighting, case)
    for run in range(int(case[0].run.max()) + 1):
        own = torch.nonzero(case[0].run == run).flatten()
        torch.testing.assert_close(weights(weighting, taken(case, own)), together[own])


@given(case=cases())
def test_at_the_start_classification_tasks_weigh_one_on_average(weighting, case):
    """So that learning rates mean the same whatever the weighting."""
    branches = case[0]
    branches = Branches(branches.run, branches.n_labels, torch.zeros_like(branches.is_regression))
    found = weighting.weights(branches, weighting.start(branches), case[2])
    counts = torch.bincount(branches.run)
    torch.testing.assert_close(torch.bincount(branches.run, found), counts.double())


@given(case=cases())
def test_learned_parameters_have_one_a_branch_and_a_gradient(weighting, case):
    branches, parameters, losses = case
    start = weighting.start(branches)
    if start is None:
        with pytest.raises(NotImplementedError):
            weighting.parameter_gradient(branches, parameters, losses)
        return
    assert weighting.needs_losses
    assert start.shape == branches.run.shape
    assert weighting.parameter_gradient(branches, parameters, losses).isfinite().all()
