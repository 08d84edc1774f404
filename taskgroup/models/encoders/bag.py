"""`bag`: a text as its weighted words, through linear layers.

The bag is never written out as a row as long as the vocabulary: its product with the first layer's weights is
the weighted sum of those columns whose tokens occur.
"""

from __future__ import annotations

from typing import final

import torch
from torch import Tensor, nn

from taskgroup.models.encoders.sizes import Sizes
from taskgroup.models.encoders.texts import PADDING, tokens_and_weights
from taskgroup.models.linear_block import LinearBlock


@final
class BagBlock(nn.Module):
    """The first linear layer with ReLU on a sparse bag of words.

    Args:
        n_tokens: Different tokens.
        width: Features out.
        weights: `tf-idf` (length 1 a text), or `counts`.
    """

    def __init__(self, n_tokens: int, width: int, *, weights: str) -> None:
        super().__init__()
        self.columns = nn.EmbeddingBag(n_tokens, width, mode="sum", padding_idx=PADDING)
        nn.init.uniform_(self.columns.weight, -(width**-0.5), width**-0.5)
        self.bias = nn.Parameter(torch.zeros(width))
        self._counts = weights == "counts"

    def forward(self, x: Tensor) -> Tensor:
        """Map [B, 2, L] to [B, width]."""
        tokens, weights = tokens_and_weights(x)
        weights = torch.ones_like(weights) if self._counts else weights
        z: Tensor = self.columns(tokens, per_sample_weights=weights)
        return (z + self.bias).relu()


def bag_block(sizes: Sizes, level: int, seed: int) -> nn.Module:
    """The sparse layer, then dense ones."""
    if level == 0:
        return BagBlock(sizes.n_tokens, sizes.widths[0], weights=sizes.options["weights"])
    return LinearBlock(level, *sizes.widths[level - 1 : level + 1], seed=seed)
