"""`cnn`: a small convolutional network for images of any size."""

from __future__ import annotations

import math
from typing import final

import torch
from torch import Tensor, nn

from taskgroup.models.encoders.sizes import Sizes

_MAX_GROUPS = 8


@final
class ConvolutionBlock(nn.Module):
    """3 × 3 convolution, group norm, ReLU, then halving by the largest of four, or the mean of all places.

    Normalised by groups of channels within one image, not over the batch: runs that share a batch then stay
    independent, and training and scoring compute the same.

    Args:
        n_inputs: Channels in.
        n_outputs: Channels out.
        last: Whether to average over all places instead of halving.

    Reference:
        Wu, He 2018 (group normalisation).
    """

    def __init__(self, n_inputs: int, n_outputs: int, *, last: bool) -> None:
        super().__init__()
        self.convolution = nn.Conv2d(n_inputs, n_outputs, 3, padding=1)
        self.norm = nn.GroupNorm(n_groups(n_outputs), n_outputs)
        self._last = last

    def forward(self, x: Tensor) -> Tensor:
        """Map [B, C, H, W] to [B, O, H/2, W/2], or to [B, O] by the last block."""
        # Channels last is 1.3 to 1.5 times as fast on a processor; all later blocks keep it.
        x = self.convolution(x.contiguous(memory_format=torch.channels_last))
        x = self.norm(x).relu()
        return x.mean(dim=(2, 3)) if self._last else halved(x)


def n_groups(n_channels: int) -> int:
    """Groups of channels that are normalised together: 8, or the nearest smaller number that divides them.

    >>> n_groups(32), n_groups(12), n_groups(1)
    (8, 4, 1)
    """
    return math.gcd(n_channels, _MAX_GROUPS)


def halved(x: Tensor) -> Tensor:
    """The largest of each 2 × 2 places; a side of one place stays."""
    sides = [min(2, side) for side in x.shape[2:]]
    return nn.functional.max_pool2d(x, sides)


def cnn_block(sizes: Sizes, level: int, seed: int) -> nn.Module:
    """The convolution at a level."""
    channels = (sizes.input_shape[0], *sizes.widths)
    return ConvolutionBlock(channels[level], channels[level + 1], last=sizes.is_last(level))
