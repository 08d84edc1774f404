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
from taskgroup.models.gradient_reversal import Reversal, gradient_factor, scale_gradient
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
        reversal: The adversarial tasks, whose gradient is reversed where it enters shared blocks.
    """

    def __init__(
        self,
        run: RunSpec,
        encoder: Encoder,
        n_outputs: Mapping[str, int],
        make_head: HeadMaker = linear_head,
        *,
        reversal: Reversal | None = None,
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
        self._factors = [gradient_factor(task, reversal or {}) for task in run.subset]
        self._entries = [forest.entry(place) for place in range(len(run.subset))]

    def forward(self, x: Tensor) -> list[Tensor]:
        """Map a batch of inputs [B, ...] to each task's outputs, [B, K]."""
        known: dict[tuple[int, int], Tensor] = {}
        outputs = []
        for path, head, entry, factor in zip(
            self._paths, self.heads, self._entries, self._factors, strict=True
        ):
            h = x
            for place in enumerate(path):
                if place not in known:
                    level, node = place
                    known[place] = self.nodes[level][node](_entered(h, entry == level, factor))  # type: ignore[index]
                h = known[place]
            h = h if len(path) == self._n_blocks else block_features(h)
            outputs.append(head(_entered(h, entry == len(path), factor)))
        return outputs

    def after_step(self) -> None:
        """Nothing: tasks are tied by gradients alone."""

    def is_shared(self, name: str) -> bool:
        """Whether several tasks go through what a parameter belongs to, by its name."""
        kind, *places = name.split(".")[:3]
        if kind != "nodes":
            return False
        level, node = map(int, places)
        return sum(path[level : level + 1] == (node,) for path in self._paths) > 1

    def decays(self, name: str) -> bool:
        """Whether weight decay applies to a parameter: to all."""
        return True

    def train(self, mode: bool = True) -> RunNetwork:
        """Switch between training and scoring; frozen blocks always compute as in scoring."""
        super().train(mode)
        if self._frozen:
            self.nodes.eval()
        return self


def _entered(h: Tensor, reverses: bool, factor: float) -> Tensor:
    """What a task's own layers get, whose gradient goes back into shared blocks."""
    return scale_gradient(h, factor) if reverses and factor != 1.0 else h


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
