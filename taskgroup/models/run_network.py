"""The network of one run as plain modules: shared blocks, then private ones and a head for each task."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from copy import deepcopy
from typing import final

from torch import Tensor, nn

from taskgroup.errors import InputError
from taskgroup.models.encoder import Encoder
from taskgroup.models.initial import initial_head
from taskgroup.models.linear_block import linear_layer
from taskgroup.spec import RunSpec

HeadMaker = Callable[[int, str, int, int], nn.Module]
"""Builds a task's head: `(seed, task, n_features, n_outputs)`."""


def linear_head(seed: int, task: str, n_features: int, n_outputs: int) -> nn.Module:
    """A linear layer whose initial weights depend on the seed and the task alone."""
    return linear_layer(initial_head(seed, task, n_features, n_outputs))


@final
class RunNetwork(nn.Module):
    """An encoder shared up to the run's depth; a private block starts as a copy of the shared one.

    Args:
        run: Tasks, sharing depth and seed.
        encoder: Builds the blocks.
        n_outputs: Output columns of every task.
        make_head: Builds the heads.
    """

    def __init__(
        self, run: RunSpec, encoder: Encoder, n_outputs: Mapping[str, int], make_head: HeadMaker = linear_head
    ) -> None:
        super().__init__()
        blocks, depth = encoder.blocks(run.seed), run.sharing.depth
        self.shared = nn.ModuleList(blocks[:depth])
        self.private = nn.ModuleList(nn.ModuleList(deepcopy(blocks[depth:])) for _ in run.subset)
        self.heads = nn.ModuleList(
            make_head(run.seed, task, encoder.n_features, n_outputs[task]) for task in run.subset
        )
        self._frozen = encoder.frozen

    def forward(self, x: Tensor) -> list[Tensor]:
        """Map a batch of inputs [B, ...] to each task's outputs, [B, K]."""
        for block in self.shared:
            x = block(x)
        outputs = []
        for blocks, head in zip(self.private, self.heads, strict=True):
            features = x
            for block in blocks:  # type: ignore[attr-defined]
                features = block(features)
            outputs.append(head(features))
        return outputs

    def after_step(self) -> None:
        """Nothing: tasks are tied by gradients alone."""

    def is_shared(self, name: str) -> bool:
        """Whether the outputs of more than one task depend on a parameter, by its name."""
        return name.startswith("shared.") and len(self.heads) > 1

    def decays(self, name: str) -> bool:
        """Whether weight decay applies to a parameter: to all."""
        return True

    def train(self, mode: bool = True) -> RunNetwork:
        """Switch between training and scoring; frozen blocks always compute as in scoring."""
        super().train(mode)
        if self._frozen:
            self.shared.eval()
            self.private.eval()
        return self


def check_head(make_head: HeadMaker, n_features: int, n_outputs: int) -> None:
    """Check that a head gives as many outputs as a task needs.

    Raises:
        InputError: If not.
    """
    import torch

    head = make_head(0, "", n_features, n_outputs).float().eval()
    with torch.no_grad():
        shape = tuple(head(torch.zeros(2, n_features)).shape)
    if shape != (2, n_outputs):
        raise InputError(
            f"model.head gives {shape} for a batch of 2 and n_outputs={n_outputs}; return [B, n_outputs]"
        )
