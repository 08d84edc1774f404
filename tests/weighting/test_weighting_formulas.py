"""The formula of each weighting, by hand: the same name means different things in other libraries."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from taskgroup.weighting import WEIGHTINGS, Branches


def branches(*, run: list[int], n_labels: list[float], is_regression: list[float]) -> Branches:
    return Branches(torch.tensor(run), tensor(n_labels), tensor(is_regression))


def tensor(values: list[float]) -> Tensor:
    return torch.tensor(values, dtype=torch.float64)


THREE = branches(run=[0, 0, 1], n_labels=[100, 300, 50], is_regression=[0, 1, 1])


def test_equal_is_the_plain_sum():
    assert WEIGHTINGS["equal"]().weights(THREE, None, None).tolist() == [1, 1, 1]


def test_inverse_size_lifts_the_task_with_few_labels():
    """1/100 and 1/300 average 1/150: the weights are 150/100 and 150/300; a task alone weighs 1."""
    torch.testing.assert_close(
        WEIGHTINGS["inverse_size"]().weights(THREE, None, None), tensor([1.5, 0.5, 1.0])
    )


def test_uncertainty_starts_at_unit_variance():
    """exp(-0) times 1 for a cross entropy and 1/2 for a squared error."""
    weighting = WEIGHTINGS["uncertainty"]()
    start = weighting.start(THREE)
    assert start.tolist() == [0, 0, 0]
    assert weighting.weights(THREE, start, None).tolist() == [1.0, 0.5, 0.5]


def test_uncertainty_divides_by_the_learned_variance():
    """At variance 2 the weights halve; at the loss 2 the gradient is 1/2 - weight * loss."""
    weighting, parameters = WEIGHTINGS["uncertainty"](), tensor([math.log(2)] * 3)
    torch.testing.assert_close(weighting.weights(THREE, parameters, None), tensor([0.5, 0.25, 0.25]))
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
    torch.testing.assert_close(weighting.weights(THREE, s.detach(), losses.detach()), losses.grad)
