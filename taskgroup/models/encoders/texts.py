"""Reading a batch of texts: token numbers and their weights, as they come from the data."""

from __future__ import annotations

import torch
from torch import Tensor, nn

PADDING = 0
"""The number of what stands after a text's end; its vector is zero."""

_START_SPREAD = 0.1


def tokens_and_weights(x: Tensor) -> tuple[Tensor, Tensor]:
    """Token numbers and tf-idf weights, [B, L'] each, cut to the longest text of the batch.

    Args:
        x: [B, 2, L]; numbers stand as floats.
    """
    numbers = x[:, 0].long()
    longest = max(1, int((numbers != PADDING).sum(dim=1).max()))
    return numbers[:, :longest], x[:, 1, :longest]


def token_vectors(n_tokens: int, width: int) -> nn.Embedding:
    """A vector for each token, drawn small so that step sizes suit it; zero for padding."""
    vectors = nn.Embedding(n_tokens, width, padding_idx=PADDING)
    nn.init.normal_(vectors.weight, std=_START_SPREAD)
    with torch.no_grad():
        vectors.weight[PADDING] = 0.0
    return vectors


def pooled(x: Tensor, present: Tensor, how: str) -> Tensor:
    """One vector a text.

    Args:
        x: A vector a token, [B, L, F].
        present: Which places hold a token, [B, L].
        how: `mean`, `max` or `last`, over the tokens that are there; zero where there are none.
    """
    if how == "max":
        lowest = x.masked_fill(~present.unsqueeze(2), -float("inf")).amax(dim=1)
        return lowest.masked_fill(~present.any(dim=1, keepdim=True), 0.0)
    n_present = present.sum(dim=1).clamp(min=1)
    if how == "last":
        return x[range(len(x)), n_present - 1]
    return (x * present.unsqueeze(2)).sum(dim=1) / n_present.unsqueeze(1)
