"""One layer of a multilayer perceptron, the plain twin of a `StackedLinear` with ReLU."""

from __future__ import annotations

from typing import final

import numpy as np
import torch
from torch import Tensor, nn

from taskgroup.models.initial import initial_block


@final
class LinearBlock(nn.Module):
    """`relu(weight @ x + bias)` of the flattened input.

    Args:
        level: The block's place in the encoder; decides, with the seed, its initial weights.
        n_inputs: Features in.
        n_outputs: Features out.
        seed: Of the run.
    """

    def __init__(self, level: int, n_inputs: int, n_outputs: int, *, seed: int) -> None:
        super().__init__()
        self.linear = linear_layer(initial_block(seed, level, n_inputs, n_outputs))

    def forward(self, x: Tensor) -> Tensor:
        """Map [B, ...] to [B, n_outputs]."""
        z: Tensor = self.linear(x.flatten(1))
        return z.relu()


def linear_layer(values: tuple[np.ndarray, np.ndarray]) -> nn.Linear:
    """A layer with a given weight [O, I] and bias [O], in float64."""
    weight, bias = (torch.from_numpy(value) for value in values)
    layer = nn.Linear(weight.shape[1], weight.shape[0], device="meta")  # draws no random numbers
    layer.weight, layer.bias = nn.Parameter(weight), nn.Parameter(bias)
    return layer
