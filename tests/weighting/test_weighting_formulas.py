"""The formula of each weighting, by hand: the same name means different things in other libraries."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
import torch
from torch import Tensor

from taskgroup.errors import InputError
from taskgroup.weighting import WEIGHTINGS, Branches, Remembering, Step, make_weighting


def branches(*, run: list[int], n_labels: list[float], is_regression: list[float]) -> Branches:
    tasks, seeds = ("a", "b", "a")[: len(run)], (0, 0, 1)[: len(run)]
    return Branches(torch.tensor(run), tensor(n_labels), tensor(is_regression), tasks, seeds)


def tensor(values: list[float]) -> Tensor:
    return torch.tensor(values, dtype=torch.float64)


THREE = branches(run=[0, 0, 1], n_labels=[100, 300, 50], is_regression=[0, 1, 1])


def test_equal_is_the_plain_sum():
    assert WEIGHTINGS["equal"]().weights(THREE, None, Step()).tolist() == [1, 1, 1]


def test_inverse_size_lifts_the_task_with_few_labels():
    """1/100 and 1/300 average 1/150: the weights are 150/100 and 150/300; a task alone weighs 1."""
    torch.testing.assert_close(
        WEIGHTINGS["inverse_size"]().weights(THREE, None, Step()), tensor([1.5, 0.5, 1.0])
    )


def test_uncertainty_starts_at_unit_variance():
    """exp(-0) times 1 for a cross entropy and 1/2 for a squared error."""
    weighting = WEIGHTINGS["uncertainty"]()
    start = weighting.start(THREE)
    assert start.tolist() == [0, 0, 0]
    assert weighting.weights(THREE, start, Step()).tolist() == [1.0, 0.5, 0.5]


def test_uncertainty_divides_by_the_learned_variance():
    """At variance 2 the weights halve; at the loss 2 the gradient is 1/2 - weight * loss."""
    weighting, parameters = WEIGHTINGS["uncertainty"](), tensor([math.log(2)] * 3)
    torch.testing.assert_close(weighting.weights(THREE, parameters, Step()), tensor([0.5, 0.25, 0.25]))
    torch.testing.assert_close(
        weighting.parameter_gradient(THREE, parameters, tensor([2, 2, 2])), tensor([-0.5, 0, 0])
    )


def test_uncertainty_gradients_are_those_of_the_total_loss():
    """Kendall 2018: sum of c * exp(-s) * loss + s / 2, differentiated by autograd."""
    weighting = WEIGHTINGS["uncertainty"]()
    s, losses = tensor([-1.3, 0.0, 2.1]).requires_grad_(), tensor([0.7, 3.0, 0.01]).requires_grad_()
    c = tensor([1.0, 0.5, 0.5])
    (c * (-s).exp() * losses + s / 2).sum().backward()
    found = weighting.parameter_gradient(THREE, s.detach(), losses.detach())
    torch.testing.assert_close(found, s.grad)
    torch.testing.assert_close(
        weighting.weights(THREE, s.detach(), Step(losses=losses.detach())), losses.grad
    )


def test_static_weights_are_taken_as_given():
    """Not normalised: 2 and 0.5 are what the study says, and who is not named weighs 1."""
    weighting = make_weighting('static {"weights": {"b": 2.0}}')
    assert weighting.weights(THREE, None, Step()).tolist() == [1.0, 2.0, 1.0]


def test_static_weights_must_be_known():
    """A search that forgot to fill them in would train the plain sum under another name."""
    with pytest.raises(InputError, match="only a search fills in"):
        make_weighting("static")


def in_epochs(weighting, losses: list[list[float]], step: Step = Step()) -> Tensor:  # noqa: B008
    """The weights in the epoch after some that have one batch of the given losses."""
    weighting.start(THREE)
    for of_epoch in losses:
        weighting.weights(THREE, None, replace(step, losses=tensor(of_epoch)))
        weighting.end_epoch()
    return weighting.weights(THREE, None, replace(step, losses=tensor([9.0, 9.0, 9.0])))


class TestDWA:
    def test_two_epochs_are_equal(self):
        for losses in ([], [[1.0, 2.0, 3.0]]):
            assert in_epochs(make_weighting("dwa"), losses).tolist() == [1.0, 1.0, 1.0]

    def test_the_third_looks_back(self):
        """Losses fell to 1/2 and to 1/4 of the epoch before: 2 exp(r / 2) over their sum."""
        found = in_epochs(make_weighting("dwa"), [[2.0, 4.0, 1.0], [1.0, 1.0, 7.0]])
        a, b = math.exp(0.5 / 2), math.exp(0.25 / 2)
        torch.testing.assert_close(found, tensor([2 * a / (a + b), 2 * b / (a + b), 1.0]))

    def test_a_low_temperature_prefers_the_slow_task(self):
        found = in_epochs(make_weighting('dwa {"temperature": 0.01}'), [[2.0, 4.0, 1.0], [1.0, 1.0, 1.0]])
        torch.testing.assert_close(found, tensor([2.0, 0.0, 1.0]), atol=1e-6, rtol=0)

    def test_batches_without_labels_do_not_count(self):
        """Their loss of 0 would look like progress."""
        weighting = make_weighting("dwa")
        weighting.start(THREE)
        for losses in ([2.0, 4.0, 1.0], [1.0, 1.0, 1.0]):
            weighting.weights(THREE, None, Step(losses=tensor(losses)))
            absent = Step(losses=tensor([0.0, 0.0, 0.0]), present=tensor([1.0, 0.0, 0.0]))
            weighting.weights(THREE, None, absent)
            weighting.end_epoch()
        found = weighting.weights(THREE, None, Step(losses=tensor([1.0, 1.0, 1.0])))
        a, b = math.exp(0.5 / 2), math.exp(0.25 / 2)  # means 1 and 1/2; 4 and 1
        torch.testing.assert_close(found[:2], tensor([2 * a / (a + b), 2 * b / (a + b)]))

    def test_it_remembers_when_others_leave(self):
        weighting = make_weighting("dwa")
        losses = [[2.0, 4.0, 1.0], [1.0, 1.0, 7.0]]
        expected = in_epochs(weighting, losses)[:2]
        assert isinstance(weighting, Remembering)
        weighting.keep(torch.tensor([0, 1]))
        two = branches(run=[0, 0], n_labels=[100, 300], is_regression=[0, 1])
        found = weighting.weights(two, None, Step(losses=tensor([1.0, 1.0])))
        torch.testing.assert_close(found, expected)


class TestRandom:
    @pytest.mark.parametrize("text", ["random", 'random {"draw": "dirichlet"}'])
    def test_weights_change_with_the_step_and_repeat_with_the_seed(self, text):
        first, again = make_weighting(text), make_weighting(text)
        steps = [0, 1, 63, 64, 1000]
        for weighting in (first, again):
            weighting.start(THREE)
        drawn = [first.weights(THREE, None, Step(step)) for step in steps]
        assert len({tuple(weights.tolist()) for weights in drawn}) == len(steps)
        backwards = [again.weights(THREE, None, Step(step)) for step in reversed(steps)]
        assert all(torch.equal(a, b) for a, b in zip(drawn, reversed(backwards), strict=True))
        assert all(weights[2] == 1.0 for weights in drawn)  # a run of one task

    @pytest.mark.parametrize(
        ("text", "variance"), [("random", 0.2735), ('random {"draw": "dirichlet"}', 1 / 3)]
    )
    def test_the_distribution_is_the_named_one(self, text, variance):
        """Of two tasks: 2 * logistic of a normal with variance 2; and uniform on [0, 2]."""
        weighting = make_weighting(text)
        weighting.start(THREE)
        drawn = torch.stack([weighting.weights(THREE, None, Step(step)) for step in range(6400)])
        torch.testing.assert_close(drawn[:, :2].sum(dim=1), torch.full((6400,), 2.0).double())
        assert drawn[:, 0].mean() == pytest.approx(1.0, abs=0.03)
        assert drawn[:, 0].var() == pytest.approx(variance, abs=0.02)


@pytest.mark.parametrize("text", ["dwa", "random"])
def test_stopped_tasks_leave_their_share_to_the_others(text):
    """Else the tasks that still train would learn ever more slowly."""
    weighting = make_weighting(text)
    weighting.start(THREE)
    step = Step(losses=tensor([1.0, 1.0, 1.0]), trained=tensor([1.0, 0.0, 1.0]))
    assert weighting.weights(THREE, None, step).tolist() == [1.0, 0.0, 1.0]
