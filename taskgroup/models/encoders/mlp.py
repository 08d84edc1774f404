"""`mlp` as blocks: what the stacked MLP computes, module by module."""

from __future__ import annotations

import math

from torch import nn

from taskgroup.models.encoders.sizes import Sizes
from taskgroup.models.linear_block import LinearBlock


def mlp_block(sizes: Sizes, level: int, seed: int) -> nn.Module:
    """A linear layer with ReLU; the first flattens its input."""
    widths = (math.prod(sizes.input_shape), *sizes.widths)
    return LinearBlock(level, widths[level], widths[level + 1], seed=seed)
