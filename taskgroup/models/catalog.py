"""The encoders by name: a new one is one file, one line here and its facts in `taskgroup.spec.encoders`."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from torch import nn

from taskgroup.models.encoder import Blocks, Encoder, seeded_torch
from taskgroup.models.encoders.bag import bag_block
from taskgroup.models.encoders.cnn import cnn_block
from taskgroup.models.encoders.embedding_bag import embedding_bag_block
from taskgroup.models.encoders.lstm import lstm_block
from taskgroup.models.encoders.mlp import mlp_block
from taskgroup.models.encoders.own import own_module
from taskgroup.models.encoders.sizes import Sizes
from taskgroup.spec import ENCODERS, ModelSpec, scaled_widths

BLOCKS: dict[str, Callable[[Sizes, int, int], nn.Module]] = {
    "mlp": mlp_block,
    "cnn": cnn_block,
    "bag": bag_block,
    "embedding_bag": embedding_bag_block,
    "lstm": lstm_block,
}
"""Builds the block at a level for a seed: `(sizes, level, seed)`."""


def make_encoder(
    model: ModelSpec, input_shape: Sequence[int], *, n_tokens: int = 0, capacity: float = 1.0
) -> Encoder:
    """The encoder that a study names, for its inputs.

    Args:
        model: Name, widths and options.
        input_shape: Of one input, without the batch.
        n_tokens: Different tokens, where inputs are texts.
        capacity: The share of every block's units.

    Raises:
        InputError: If it cannot be built, or does not suit the inputs.
    """
    return Encoder(
        _builder(model, tuple(input_shape), n_tokens, capacity),
        n_blocks=model.n_blocks,
        input_shape=input_shape,
        name=f"model.encoder '{model.encoder}'",
        weights=model.weights,
        frozen=model.frozen,
        reads_tokens=n_tokens > 0,
    )


def _builder(
    model: ModelSpec, input_shape: tuple[int, ...], n_tokens: int, capacity: float
) -> Callable[[int], nn.Module]:
    if model.is_own_code:
        return own_module(model.encoder, input_shape, n_tokens=n_tokens, options=model.options)
    make_block = BLOCKS[model.encoder]
    options = ENCODERS[model.encoder].filled(model.options)
    sizes = Sizes(input_shape, scaled_widths(model.widths, capacity), n_tokens, options)

    def build(seed: int) -> nn.Module:
        blocks = []
        for level in range(len(sizes.widths)):
            with seeded_torch(seed, "block", level):
                blocks.append(make_block(sizes, level, seed))
        return Blocks(blocks)

    return build
