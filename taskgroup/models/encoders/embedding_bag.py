"""`embedding_bag`: the mean of a text's word vectors, through linear layers.

Reference:
    Iyyer 2015 (deep averaging networks).
"""

from __future__ import annotations

from typing import final

from torch import Tensor, nn

from taskgroup.models.encoders.sizes import Sizes
from taskgroup.models.encoders.texts import PADDING, pooled, token_vectors, tokens_and_weights
from taskgroup.models.linear_block import LinearBlock


@final
class EmbeddingBagBlock(nn.Module):
    """One vector a text from those of its tokens.

    Args:
        n_tokens: Different tokens.
        width: Length of a vector.
        pool: `mean` or `max`.
    """

    def __init__(self, n_tokens: int, width: int, *, pool: str) -> None:
        super().__init__()
        self.vectors = token_vectors(n_tokens, width)
        self._pool = pool

    def forward(self, x: Tensor) -> Tensor:
        """Map [B, 2, L] to [B, width]."""
        tokens, _ = tokens_and_weights(x)
        return pooled(self.vectors(tokens), tokens != PADDING, self._pool)


def embedding_bag_block(sizes: Sizes, level: int, seed: int) -> nn.Module:
    """The word vectors, then linear layers."""
    if level == 0:
        return EmbeddingBagBlock(sizes.n_tokens, sizes.widths[0], pool=sizes.options["pool"])
    return LinearBlock(level, *sizes.widths[level - 1 : level + 1], seed=seed)
