"""`lstm`: word vectors, then recurrent layers, the last one pooled over the text.

Reference:
    Hochreiter, Schmidhuber 1997.
"""

from __future__ import annotations

from typing import final

from torch import Tensor, nn

from taskgroup.models.encoders.sizes import Sizes
from taskgroup.models.encoders.texts import PADDING, pooled, token_vectors, tokens_and_weights


@final
class TokenVectors(nn.Module):
    """A vector for each token; zero after the text's end, by which later blocks know it.

    Args:
        n_tokens: Different tokens.
        width: Length of a vector.
        pool: How to end in one vector a text, where no block follows.
    """

    def __init__(self, n_tokens: int, width: int, *, pool: str | None) -> None:
        super().__init__()
        self.vectors = token_vectors(n_tokens, width)
        self._pool = pool

    def forward(self, x: Tensor) -> Tensor:
        """Map [B, 2, L] to [B, L', width], or to [B, width]."""
        tokens, _ = tokens_and_weights(x)
        vectors = self.vectors(tokens)
        return vectors if self._pool is None else pooled(vectors, tokens != PADDING, self._pool)


@final
class RecurrentBlock(nn.Module):
    """One LSTM layer, read from the text's first token to its last.

    Args:
        n_inputs: Length of the vectors in.
        n_outputs: Units.
        pool: `mean`, `max` or `last` for one vector a text; None for one a token.
    """

    def __init__(self, n_inputs: int, n_outputs: int, *, pool: str | None) -> None:
        super().__init__()
        self.recurrent = nn.LSTM(n_inputs, n_outputs, batch_first=True)
        self._pool = pool

    def forward(self, x: Tensor) -> Tensor:
        """Map [B, L, I] to [B, L, O], or to [B, O]."""
        present = (x != 0).any(dim=2)
        x, _ = self.recurrent(x)
        return x * present.unsqueeze(2) if self._pool is None else pooled(x, present, self._pool)


def lstm_block(sizes: Sizes, level: int, seed: int) -> nn.Module:
    """The word vectors, then recurrent layers."""
    pool = sizes.options["pool"] if sizes.is_last(level) else None
    if level == 0:
        return TokenVectors(sizes.n_tokens, sizes.widths[0], pool=pool)
    return RecurrentBlock(*sizes.widths[level - 1 : level + 1], pool=pool)
