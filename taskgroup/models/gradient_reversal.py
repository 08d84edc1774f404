"""Reversing the gradient that an adversarial task sends into shared blocks.

The head, and blocks of the task's own, learn the task as always. What the shared blocks receive is multiplied
by minus the strength, so that they unlearn what the task needs: a nuisance such as the device or the hospital
that a row came from.

Reference:
    Ganin, Lempitsky 2015, "Unsupervised domain adaptation by backpropagation", eq. 13-15.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, final

import numpy as np
import torch
from torch import Tensor

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


def layer_factors(
    members: tuple[RunSpec, ...],
    wiring: Wiring,
    names: list[str],
    reversal: Reversal,
    *,
    n_outputs: list[int],
) -> list[np.ndarray | None]:
    """By how much each layer multiplies the gradient that it passes on to the layer before.

    A gradient is reversed where it enters shared blocks: by the head where all blocks are shared, else by the
    first of the task's own blocks; nowhere in a run that shares none.

    Args:
        members: The runs.
        wiring: Their forest.
        names: The task list.
        reversal: Its adversarial tasks.
        n_outputs: Output features of each block.

    Returns:
        For each block and then the heads, shape [nodes, outputs, 1]; None where all is passed on as it is.
    """
    n_blocks = len(wiring.layers)
    shapes = [
        *((len(layer.run), n) for layer, n in zip(wiring.layers, n_outputs, strict=True)),
        (len(wiring.layers[-1].run), wiring.n_columns),
    ]
    factors: list[np.ndarray | None] = [None] * (n_blocks + 1)
    place = _places_in_subsets(wiring)
    for p in range(wiring.n_branches):
        run, task = int(wiring.branch_run[p]), names[wiring.branch_task[p]]
        depth = members[run].sharing.depth
        if task not in reversal or depth == 0:
            continue
        if factors[depth] is None:
            factors[depth] = np.ones((*shapes[depth], 1))
        of_layer = factors[depth]
        assert of_layer is not None
        node, columns = int(wiring.branch_node[p]), slice(None)
        if depth == n_blocks:
            first = int(wiring.branch_column[p])
            columns = slice(first, first + int(wiring.branch_outputs[p]))
        else:
            node = int(np.flatnonzero(wiring.layers[depth].run == run)[place[p]])
        of_layer[node, columns] = gradient_factor(task, reversal)
    return factors


def _places_in_subsets(wiring: Wiring) -> list[int]:
    """The place of each branch's task among those of its run."""
    runs = wiring.branch_run.tolist()
    return [p - runs.index(run) for p, run in enumerate(runs)]
