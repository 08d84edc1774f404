"""An encoder as an ordered list of blocks, any `nn.Module` each, built anew for every seed."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from copy import deepcopy
from typing import Any, final

import torch
from torch import Tensor, nn

from taskgroup.errors import InputError
from taskgroup.models.block_features import block_features
from taskgroup.models.pretrained import load_weights
from taskgroup.seeds import derive_seed

BlockMaker = Callable[[int, int], nn.Module]
"""Builds the block at a level with the initial weights of a seed: `(level, seed)`."""


@final
class Blocks(nn.Module):
    """Blocks in order, each fed by the one before.

    Args:
        blocks: First to last.
    """

    def __init__(self, blocks: Sequence[nn.Module]) -> None:
        super().__init__()
        self.blocks = nn.ModuleList(blocks)

    def forward(self, x: Tensor) -> Tensor:
        """Map a batch of inputs to features [B, F]."""
        for block in self.blocks:
            x = block(x)
        return x


@final
class Encoder:
    """Builds the blocks of one encoder.

    The initial weights depend on the seed alone (those of a block that ships, on the seed and its level), so
    that all subsets of one seed start from the same encoder.

    Args:
        build: From a seed to the whole encoder, a module with `blocks`; called under that seed's torch
            generator.
        n_blocks: How many blocks that are.
        input_shape: Of one input, without the batch.
        name: What messages call it.
        weights: A `.safetensors` file to start from.
        frozen: Whether its weights are not trained.
        reads_tokens: Whether its inputs are numbers of tokens.

    Attributes:
        shapes: Of an input and of what each block gives, channels first: (F, ...); empty where that is no
            tensor.

    Raises:
        InputError: If it cannot be built, does not take such inputs, or does not return features [B, F].
    """

    def __init__(
        self,
        build: Callable[[int], nn.Module],
        *,
        n_blocks: int,
        input_shape: Sequence[int],
        name: str,
        weights: str | None = None,
        frozen: bool = False,
        reads_tokens: bool = False,
    ) -> None:
        self._build, self._weights = build, weights
        self.n_blocks, self.input_shape, self.name, self.frozen = n_blocks, tuple(input_shape), name, frozen
        self.reads_tokens = reads_tokens
        self._widths, self.shapes = self._try()

    def blocks(self, seed: int) -> list[nn.Module]:
        """All blocks with the weights that runs of a seed start from."""
        with seeded_torch(seed, "encoder"):
            whole = self._build(seed)
        blocks = blocks_of(whole, self.n_blocks, about=self.name)
        if self._weights is not None:
            load_weights(whole, self._weights, about=self.name)
        if self.frozen:
            whole.requires_grad_(False)
        return [
            deepcopy(block) for block in blocks
        ]  # a module that hands out its own parts may hand out one twice

    @property
    def n_features(self) -> int:
        """Features of the last block's output."""
        return self.features_of(self.n_blocks - 1)

    def features_of(self, level: int) -> int:
        """Features that a head reads of a block's output.

        Raises:
            InputError: If it is of a form that no head can read.
        """
        width = self._widths[level]
        if isinstance(width, str):
            raise InputError(
                f"sharing 'low_supervision' has a head on block {level + 1} of {self.name}, but {width}; "
                "attach it to another block"
            )
        return width

    def _try(self) -> tuple[list[int | str], tuple[tuple[int, ...], ...]]:
        """Send two empty inputs through, to see what comes out of each block.

        Returns:
            The features that a head would read of each block, or why none can; and the shapes of the input
            and of what each block gives.
        """
        x: Any = torch.zeros(2, *self.input_shape)
        blocks, widths, shapes = self.blocks(0), [], [self.input_shape]
        try:
            with torch.no_grad():
                for block in blocks:
                    x = block.float().eval()(x)
                    widths.append(_n_features(x))
                    shapes.append(self._channels_first(x))
        except Exception as error:
            raise InputError(
                f"{self.name} cannot take inputs of the shape {self.input_shape}: {type(error).__name__}: "
                f"{str(error).strip():.300}"
            ) from error
        if not isinstance(x, Tensor) or x.ndim != 2 or len(x) != 2:
            shape = tuple(x.shape) if isinstance(x, Tensor) else type(x).__name__
            raise InputError(
                f"{self.name} gives {shape} for a batch of 2; return features of the shape [B, F]"
            )
        return widths, tuple(shapes)

    def _channels_first(self, x: Any) -> tuple[int, ...]:
        if not isinstance(x, Tensor):
            return ()
        shape = tuple(x.shape[1:])
        return (*shape[-1:], *shape[:-1]) if self.reads_tokens else shape


def _n_features(x: Any) -> int | str:
    """Features of a block's output as a head reads it, or what is wrong with it."""
    if not isinstance(x, Tensor):
        return f"that gives a {type(x).__name__}"
    try:
        return int(block_features(x).shape[1])
    except ValueError as problem:
        return str(problem)


def blocks_of(whole: nn.Module, n_blocks: int, *, about: str) -> list[nn.Module]:
    """The blocks of a module: what its `blocks` names, or itself.

    Raises:
        InputError: If their number is not the one declared.
    """
    listed: Any = getattr(whole, "blocks", None)
    if listed is None or (n_blocks == 1 and not isinstance(whole, Blocks)):
        found = [whole]  # shared as a whole or not at all
    else:
        found = list(listed() if not isinstance(listed, nn.Module) and callable(listed) else listed)
    if len(found) != n_blocks:
        if listed is None:
            raise InputError(
                f"model.blocks is {n_blocks}, but {about} has no `blocks`; give it a list of them"
            )
        raise InputError(
            f"model.blocks is {n_blocks}, but {about} has {len(found)} blocks; write {len(found)}"
        )
    return found


@contextlib.contextmanager
def seeded_torch(*what: str | int) -> Iterator[None]:
    """Draw from torch's own generator as if it were new, and leave it as it was."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(derive_seed(*what))
        yield
