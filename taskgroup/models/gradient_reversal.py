"""Reversing the gradient that an adversarial task sends into shared blocks.

The head, and blocks of the task's own, learn the task as always. What the shared blocks receive is multiplied
by minus the strength, so that they unlearn what the task needs: a nuisance such as the device or the hospital
that a row came from.

Reference:
    Ganin, Lempitsky 2015, "Unsupervised domain adaptation by backpropagation", eq. 13-15.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, final

import numpy as np
import torch
from torch import Tensor

from taskgroup.models.forest import run_forest
from taskgroup.models.wiring import Wiring
from taskgroup.spec import RunSpec

Reversal = Mapping[str, float]
"""The strength of each adversarial task; tasks not named are none."""


def gradient_factor(task: str, reversal: Reversal) -> float:
    """What the gradient that a task sends into shared blocks is multiplied by.

    >>> gradient_factor("hospital", {"hospital": 0.5}), gradient_factor("age", {"hospital": 0.5})
    (-0.5, 1.0)
    """
    return -reversal[task] if task in reversal else 1.0


def scale_gradient(x: Tensor, factor: Tensor | float) -> Tensor:
    """The same values, whose gradient is multiplied by `factor`, which broadcasts over them."""
    scaled: Tensor = _ScaledGradient.apply(x, factor)  # type: ignore[no-untyped-call]
    return scaled


@final
class _ScaledGradient(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, factor: Tensor | float) -> Tensor:
        ctx.factor = factor
        return x.view_as(x)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, None]:
        return grad * ctx.factor, None


@dataclass(frozen=True)
class LayerFactors:
    """By how much each layer multiplies the gradient that it passes on to the layer before.

    Attributes:
        blocks: For each block, shape [nodes, 1, 1]; None where all is passed on as it is.
        heads: By the block that they read, shape [output nodes, columns, 1]; none where all is passed on.
    """

    blocks: tuple[np.ndarray | None, ...]
    heads: Mapping[int, np.ndarray]


def layer_factors(
    members: Sequence[RunSpec], wiring: Wiring, names: Sequence[str], reversal: Reversal, *, n_blocks: int
) -> LayerFactors:
    """Where a cohort reverses gradients: where they enter blocks that other tasks share.

    That is by the head where all blocks below it are shared, else by the first of the task's own blocks;
    nowhere in a run that shares none.

    Args:
        members: The runs.
        wiring: Their forest.
        names: The task list.
        reversal: Its adversarial tasks.
        n_blocks: Encoder blocks.
    """
    blocks: list[np.ndarray | None] = [None] * len(wiring.layers)
    heads: np.ndarray | None = None
    for p in range(wiring.n_branches):
        run, task = int(wiring.branch_run[p]), names[wiring.branch_task[p]]
        member = members[run]
        if task not in reversal:
            continue
        forest, place = run_forest(member.sharing, member.subset, n_blocks), member.subset.index(task)
        entry, path, factor = forest.entry(place), forest.paths[place], gradient_factor(task, reversal)
        if entry == len(path):
            shape = wiring.n_output_nodes, wiring.n_columns, 1
            heads = np.ones(shape) if heads is None else heads
            first = int(wiring.branch_column[p])
            heads[wiring.branch_node[p], first : first + int(wiring.branch_outputs[p])] = factor
        elif entry is not None:
            owner, of_block = wiring.layers[entry].run, blocks[entry]
            of_block = np.ones((len(owner), 1, 1)) if of_block is None else of_block
            of_block[int(np.searchsorted(owner, run)) + path[entry]] = factor
            blocks[entry] = of_block
    return LayerFactors(tuple(blocks), {} if heads is None else _by_block(heads, wiring))


def _by_block(of_output_nodes: np.ndarray, wiring: Wiring) -> dict[int, np.ndarray]:
    stops = np.cumsum([len(heads.run) for heads in wiring.heads])
    parts = np.split(of_output_nodes, stops[:-1])
    return {heads.level: part for heads, part in zip(wiring.heads, parts, strict=True)}
