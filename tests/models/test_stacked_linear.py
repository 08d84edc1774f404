"""The batched layer is its plain twins; users' networks are exported through them."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from taskgroup.models import StackedLinear

N, INPUTS, OUTPUTS, B = 5, 4, 2, 6


@pytest.fixture
def twins() -> list[nn.Linear]:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return [nn.Linear(INPUTS, OUTPUTS, dtype=torch.float64) for _ in range(N)]


def tensor(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


@pytest.mark.parametrize("fan_out", [None, [1, 1, 1, 1, 1], [5], [2, 2, 1], [1, 3, 1], [1, 2, 2]])
def test_forward_and_backward_equal_the_plain_twins(twins, fan_out):
    """Each input feeds its nodes, and collects their gradients, as if each node stood alone."""
    stacked = StackedLinear.from_plain(twins, fan_out=fan_out)
    sources = torch.repeat_interleave(torch.tensor(fan_out or [1] * N))
    x, grad = tensor(len(fan_out or twins), INPUTS, B), tensor(N, OUTPUTS, B, seed=1)
    out = stacked.forward(x, torch.empty(N, OUTPUTS, B, dtype=torch.float64))
    x_grad = torch.empty_like(x)
    stacked.backward(grad, x, x_grad)
    plain = x.clone().requires_grad_()
    for node, twin in enumerate(twins):
        expected = twin(plain[sources[node]].t())
        expected.backward(grad[node].t(), retain_graph=True)
        torch.testing.assert_close(out[node].t(), expected)
        torch.testing.assert_close(stacked.weight_grad[node], twin.weight.grad)
        torch.testing.assert_close(stacked.bias_grad[node], twin.bias.grad)
    torch.testing.assert_close(x_grad, plain.grad)


def test_a_twin_comes_back_with_its_own_copy_of_the_weights(twins):
    stacked = StackedLinear.from_plain(twins)
    for node, twin in enumerate(twins):
        plain = stacked.plain(node)
        torch.testing.assert_close(plain.weight, twin.weight, rtol=0, atol=0)
        torch.testing.assert_close(plain.bias, twin.bias, rtol=0, atol=0)
        plain.weight.data.zero_()
    torch.testing.assert_close(stacked.weight[0], twins[0].weight.detach())


def test_dropping_nodes_keeps_the_others(twins):
    stacked = StackedLinear.from_plain(twins, fan_out=[2, 2, 1])
    stacked.keep(torch.tensor([0, 2, 3]), fan_out=[1, 2])
    x, out = tensor(2, INPUTS, B), torch.empty(3, OUTPUTS, B, dtype=torch.float64)
    for node, (twin, source) in enumerate([(0, 0), (2, 1), (3, 1)]):
        torch.testing.assert_close(stacked.forward(x, out)[node].t(), twins[twin](x[source].t()))
