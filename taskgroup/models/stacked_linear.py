"""N linear maps of one shape as one batched product, forward and backward written out.

Everything is features-major: activations are `[N, features, B]`. The product with a batch then needs no
transposes, a node's output columns are contiguous rows, and the first layer of all runs that read the same
batch is a single large product. Results go into buffers that live as long as the cohort, because fresh
allocations of this size cost page faults at every step.

Shape letters: N nodes, I inputs, O outputs, B examples.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import final

import torch
from torch import Tensor, nn


@final
class StackedLinear:
    """N linear maps `weight @ x + bias` with their gradients.

    Args:
        weight: Shape [N, O, I].
        bias: Shape [N, O].
    """

    def __init__(self, weight: Tensor, bias: Tensor) -> None:
        self.weight, self.bias = weight, bias
        self.weight_grad, self.bias_grad = torch.zeros_like(weight), torch.zeros_like(bias)

    @classmethod
    def from_plain(cls, layers: Sequence[nn.Linear]) -> StackedLinear:
        """Stack plain layers of one shape.

        >>> stacked = StackedLinear.from_plain([nn.Linear(3, 2), nn.Linear(3, 2)])
        >>> stacked.weight.shape
        torch.Size([2, 2, 3])
        """
        weight = torch.stack([layer.weight.detach() for layer in layers])
        return cls(weight, torch.stack([layer.bias.detach() for layer in layers]))

    def plain(self, node: int) -> nn.Linear:
        """The plain twin of one node, with its own copy of the weights."""
        n_outputs, n_inputs = self.weight.shape[1:]
        layer = nn.Linear(n_inputs, n_outputs, dtype=self.weight.dtype, device=self.weight.device)
        with torch.no_grad():
            layer.weight.copy_(self.weight[node])
            layer.bias.copy_(self.bias[node])
        return layer

    def forward(self, x: Tensor, out: Tensor) -> Tensor:
        """Map each node's own input; x is [N, I, B], out [N, O, B]."""
        return torch.bmm(self.weight, x, out=out).add_(self.bias.unsqueeze(2))

    def backward(self, grad: Tensor, x: Tensor, out: Tensor) -> Tensor:
        """Fill the parameter gradients and return the gradient of the input, [N, I, B], in `out`."""
        torch.bmm(grad, x.transpose(1, 2), out=self.weight_grad)
        torch.sum(grad, dim=2, out=self.bias_grad)
        return torch.bmm(self.weight.transpose(1, 2), grad, out=out)

    def forward_common(self, batches: Sequence[Tensor], bounds: Sequence[slice], out: Tensor) -> Tensor:
        """Map inputs that many nodes have in common.

        Args:
            batches: One input a seed, each [I, B].
            bounds: The nodes that read it; together all nodes, in order.
            out: Shape [N, O, B].
        """
        for batch, nodes in zip(batches, bounds, strict=True):
            weight = self.weight[nodes]
            torch.mm(weight.view(-1, weight.shape[2]), batch, out=out[nodes].view(-1, batch.shape[1]))
        return out.add_(self.bias.unsqueeze(2))

    def backward_common(self, grad: Tensor, batches: Sequence[Tensor], bounds: Sequence[slice]) -> None:
        """Fill the parameter gradients for inputs in common; the data need no gradient."""
        for batch, nodes in zip(batches, bounds, strict=True):
            flat = self.weight_grad[nodes].view(-1, self.weight.shape[2])
            torch.mm(grad[nodes].view(-1, batch.shape[1]), batch.t(), out=flat)
        torch.sum(grad, dim=2, out=self.bias_grad)

    def keep(self, nodes: Tensor) -> None:
        """Drop all nodes but these (integer positions, in order)."""
        self.weight, self.bias = self.weight[nodes], self.bias[nodes]
        self.weight_grad, self.bias_grad = torch.zeros_like(self.weight), torch.zeros_like(self.bias)
