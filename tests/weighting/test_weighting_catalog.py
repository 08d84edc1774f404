"""What every weighting of the losses in the catalog must do; a new one is tested by being listed there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from taskgroup.spec import WEIGHTING_FACTS
from taskgroup.weighting import (
    GRADIENT_WEIGHTINGS,
    WEIGHTINGS,
    Branches,
    Step,
    Weighting,
    looks_at_gradients,
    make_weighting,
)

Case = tuple[Branches, Tensor, Tensor]
"""Branches of some runs, their parameters and their losses."""
Make = Callable[[], Weighting]
FEW = settings(max_examples=40)
STATIC = 'static {"weights": {"t0": 2.0, "t2": 0.5}}'


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
        tasks=tuple(f"t{place}" for size in sizes for place in range(size)),
        seeds=tuple(run % 2 for run, size in enumerate(sizes) for _ in range(size)),
    )
    return branches, drawn(st.floats(-3, 3)), drawn(st.floats(0.01, 10))


def taken(case: Case, positions: Tensor) -> Case:
    """Some of the branches, in another order."""
    branches, parameters, losses = case
    part = Branches(
        run=torch.unique(branches.run[positions], return_inverse=True)[1],
        n_labels=branches.n_labels[positions],
        is_regression=branches.is_regression[positions],
        tasks=tuple(branches.tasks[p] for p in positions.tolist()),
        seeds=tuple(branches.seeds[p] for p in positions.tolist()),
    )
    return part, parameters[positions], losses[positions]


def weights(make: Make, case: Case, *, epochs: int = 3) -> Tensor:
    """In the step after some epochs of one step each, in which losses fall unequally."""
    weighting, (branches, parameters, losses) = make(), case
    learned = None if weighting.start(branches) is None else parameters
    for epoch in range(epochs):
        found = weighting.weights(branches, learned, Step(epoch, losses / (1 + epoch * losses)))
        getattr(weighting, "end_epoch", lambda: None)()
    return found


@pytest.fixture(params=WEIGHTINGS, scope="module")
def make(request: pytest.FixtureRequest) -> Make:
    return lambda: make_weighting(STATIC if request.param == "static" else request.param)


def test_every_weighting_of_a_study_can_be_computed():
    """A name that studies accept would fail after the data were read."""
    assert {**WEIGHTINGS, **GRADIENT_WEIGHTINGS}.keys() == WEIGHTING_FACTS.keys()
    facts = {name for name, known in WEIGHTING_FACTS.items() if known.looks_at == "gradients"}
    assert facts == {name for name in WEIGHTING_FACTS if looks_at_gradients(name)}


@FEW
@given(case=cases())
def test_weights_are_positive_and_finite(make, case):
    """A weight of zero or below would stop a task from learning, or teach it the opposite."""
    found = weights(make, case)
    assert found.shape == case[0].run.shape
    assert found.isfinite().all()
    assert (found > 0).all()


@FEW
@given(case=cases(), data=st.data())
def test_relabelling_tasks_permutes_the_weights(make, case, data):
    order = torch.tensor(data.draw(st.permutations(range(len(case[0].run)))))
    torch.testing.assert_close(weights(make, taken(case, order)), weights(make, case)[order])


@FEW
@given(case=cases())
def test_runs_do_not_see_each_other(make, case):
    """A cohort must train each run as it would train alone."""
    together = weights(make, case)
    for run in range(int(case[0].run.max()) + 1):
        own = torch.nonzero(case[0].run == run).flatten()
        torch.testing.assert_close(weights(make, taken(case, own)), together[own])


@FEW
@given(case=cases())
def test_at_the_start_classification_tasks_weigh_one_on_average(make, case):
    """So that learning rates mean the same whatever the weighting; fixed weights are taken as given."""
    weighting, branches = make(), case[0]
    if type(weighting).__name__ == "Static":
        return
    branches = replace(branches, is_regression=torch.zeros_like(branches.is_regression))
    found = weighting.weights(branches, weighting.start(branches), Step(losses=case[2]))
    counts = torch.bincount(branches.run)
    torch.testing.assert_close(torch.bincount(branches.run, found), counts.double())


@FEW
@given(case=cases())
def test_learned_parameters_have_one_a_branch_and_a_gradient(make, case):
    weighting, (branches, parameters, losses) = make(), case
    start = weighting.start(branches)
    if start is None:
        with pytest.raises(NotImplementedError):
            weighting.parameter_gradient(branches, parameters, losses)
        return
    assert weighting.needs_losses
    assert start.shape == branches.run.shape
    assert weighting.parameter_gradient(branches, parameters, losses).isfinite().all()


@FEW
@given(case=cases())
def test_constant_weights_are_constant(make, case):
    """They are computed once for a whole training."""
    if make().is_constant:
        assert not make().needs_losses
        torch.testing.assert_close(weights(make, case, epochs=1), weights(make, case))
