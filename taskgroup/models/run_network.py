"""The network of one run as plain modules: blocks that tasks share or have to themselves, and heads."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from copy import deepcopy
from typing import final

from torch import Tensor, nn

from taskgroup.errors import InputError
from taskgroup.models.block_features import block_features
from taskgroup.models.encoder import Encoder
from taskgroup.models.forest import run_forest
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
    """An encoder whose blocks are shared as the run says; each copy of a block starts from the same weights.

    Args:
        run: Tasks, sharing and seed.
        encoder: Builds the blocks.
        n_outputs: Output columns of every task.
        make_head: Builds the heads.
    """

    def __init__(
        self, run: RunSpec, encoder: Encoder, n_outputs: Mapping[str, int], make_head: HeadMaker = linear_head
    ) -> None:
        super().__init__()
        forest = run_forest(run.sharing, run.subset, encoder.n_blocks)
        self._paths = forest.paths
        self.nodes = nn.ModuleList(
            nn.ModuleList(deepcopy(block) for _ in range(size))
            for block, size in zip(encoder.blocks(run.seed), forest.sizes, strict=False)
        )
        self.heads = nn.ModuleList(
            make_head(run.seed, task, encoder.features_of(len(path) - 1), n_outputs[task])
            for task, path in zip(run.subset, self._paths, strict=True)
        )
        self._n_blocks, self._frozen = encoder.n_blocks, encoder.frozen

    def forward(self, x: Tensor) -> list[Tensor]:
        """Map a batch of inputs [B, ...] to each task's outputs, [B, K]."""
        known: dict[tuple[int, int], Tensor] = {}
        outputs = []
        for path, head in zip(self._paths, self.heads, strict=True):
            h = x
            for place in enumerate(path):
                if place not in known:
                    level, node = place
                    known[place] = self.nodes[level][node](h)  # type: ignore[index]
                h = known[place]
            outputs.append(head(h if len(path) == self._n_blocks else block_features(h)))
        return outputs

    def train(self, mode: bool = True) -> RunNetwork:
        """Switch between training and scoring; frozen blocks always compute as in scoring."""
        super().train(mode)
        if self._frozen:
            self.nodes.eval()
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
