"""N linear maps of one shape as batched products, forward and backward written out.

Everything is features-major: activations are `[N, features, B]`. The product with a batch then needs no
transposes, a node's output columns are contiguous rows, and all nodes that read the same input are a single
large product without copies of the input. Results go into buffers that live as long as the cohort, because
fresh allocations of this size cost page faults at every step.

Shape letters: N nodes, M inputs that feed them, I features in, O features out, B examples.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import final

import torch
from torch import Tensor, nn

from taskgroup.models.products import Product, torch_product


@final
class StackedLinear:
    """N linear maps `weight @ x + bias` with their gradients.

    Args:
        weight: Shape [N, O, I].
        bias: Shape [N, O].
        fan_out: How many consecutive nodes each input feeds, [M]; one each by default, and none where 0.
        product: How to multiply.
    """

    def __init__(
        self,
        weight: Tensor,
        bias: Tensor,
        *,
        fan_out: Sequence[int] | None = None,
        product: Product = torch_product,
    ) -> None:
        self._product = product
        self._hold(weight, bias, fan_out)

    @classmethod
    def from_plain(
        cls, layers: Sequence[nn.Linear], *, fan_out: Sequence[int] | None = None
    ) -> StackedLinear:
        """Stack plain layers of one shape.

        >>> stacked = StackedLinear.from_plain([nn.Linear(3, 2), nn.Linear(3, 2)])
        >>> stacked.weight.shape
        torch.Size([2, 2, 3])
        """
        weight = torch.stack([layer.weight.detach() for layer in layers])
        return cls(weight, torch.stack([layer.bias.detach() for layer in layers]), fan_out=fan_out)

    def plain(self, node: int) -> nn.Linear:
        """The plain twin of one node, with its own copy of the weights."""
        n_outputs, n_inputs = self.weight.shape[1:]
        layer = nn.Linear(n_inputs, n_outputs, dtype=self.weight.dtype, device=self.weight.device)
        with torch.no_grad():
            layer.weight.copy_(self.weight[node])
            layer.bias.copy_(self.bias[node])
        return layer

    def forward(self, x: Tensor, out: Tensor) -> Tensor:
        """Map the inputs [M, I, B] to `out` [N, O, B]."""
        for fan in self._fans:
            self._product(fan.weight, x[fan.inputs], fan.of(out))
        return out.add_(self.bias.unsqueeze(2))

    def backward(
        self, grad: Tensor, x: Tensor, x_grad: Tensor | None = None, *, factor: Tensor | None = None
    ) -> None:
        """Fill the parameter gradients, and the gradient of the input where it is wanted.

        Args:
            grad: Gradient of the output, [N, O, B].
            x: The input of the forward pass, [M, I, B].
            x_grad: Filled with the gradient of the input, [M, I, B].
            factor: What each output's part in it is multiplied by, [N, O, 1]; the layer's own gradients are
                not.
        """
        torch.sum(grad, dim=2, out=self.bias_grad)
        for fan in self._fans:
            self._product(fan.of(grad), x[fan.inputs].transpose(1, 2), fan.weight_grad)
        if x_grad is not None:
            self.backward_to_input(grad, x_grad, factor=factor)

    def backward_to_input(self, grad: Tensor, x_grad: Tensor, *, factor: Tensor | None = None) -> None:
        """Fill the gradient of the input [M, I, B] alone, from that of the output, [N, O, B]."""
        passed_on = grad if factor is None else grad * factor
        for fan in self._fans:
            self._product(fan.weight.transpose(1, 2), fan.of(passed_on), x_grad[fan.inputs])
        for inputs in self._unused:
            x_grad[inputs].zero_()

    def keep(
        self, nodes: Tensor, *, fan_out: Sequence[int] | None = None, n_outputs: int | None = None
    ) -> None:
        """Drop all nodes but these, and all output columns but the first ones.

        Args:
            nodes: Integer positions, in order.
            fan_out: How many of the kept nodes each kept input feeds.
            n_outputs: Output columns to keep; all by default.
        """
        columns = slice(n_outputs)
        self._hold(self.weight[nodes, columns], self.bias[nodes, columns], fan_out)

    def _hold(self, weight: Tensor, bias: Tensor, fan_out: Sequence[int] | None) -> None:
        self.weight, self.bias = weight.contiguous(), bias.contiguous()
        self.weight_grad, self.bias_grad = torch.zeros_like(self.weight), torch.zeros_like(self.bias)
        self._fans: list[_Fan] = []
        self._unused: list[slice] = []
        first_input, first_node = 0, 0
        for n_nodes, group in groupby([1] * len(weight) if fan_out is None else fan_out):
            n_inputs = len(list(group))
            inputs = slice(first_input, first_input + n_inputs)
            nodes = slice(first_node, first_node + n_inputs * n_nodes)
            if n_nodes:
                self._fans.append(_Fan(inputs, nodes, self.weight, self.weight_grad))
            else:
                self._unused.append(inputs)
            first_input, first_node = inputs.stop, nodes.stop


@final
class _Fan:
    """Consecutive inputs that feed equally many nodes: one product, in which each input's nodes are one.

    Args:
        inputs: Positions among the inputs.
        nodes: Positions of the nodes that they feed.
        weight: Of the layer.
        weight_grad: Of the layer.
    """

    def __init__(self, inputs: slice, nodes: slice, weight: Tensor, weight_grad: Tensor) -> None:
        self.inputs, self._nodes = inputs, nodes
        self._n_inputs = inputs.stop - inputs.start
        self.weight, self.weight_grad = self.of(weight), self.of(weight_grad)

    def of(self, tensor: Tensor) -> Tensor:
        """View the nodes' part of [N, O, X] as [inputs, nodes an input * O, X]."""
        return tensor[self._nodes].view(self._n_inputs, -1, tensor.shape[2])
