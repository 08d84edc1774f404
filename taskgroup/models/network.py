"""What a cohort needs of its networks, however they are computed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, Self, runtime_checkable

import numpy as np
from torch import Tensor

from taskgroup.models.wiring import Wiring
from taskgroup.spec import RunSpec


@dataclass(frozen=True)
class Trained:
    """One trained tensor of a cohort's networks.

    Attributes:
        name: Its place, the same before and after runs are dropped.
        value: [items, ...], updated in place by the optimiser.
        grad: The same shape, filled by `backward`.
        run: The run that owns each item, ascending.
        shared: Which items several tasks of their run reach, [items]; None where that is not known, and no
            item then counts as shared.
        decays: Whether weight decay applies.
    """

    name: str
    value: Tensor
    grad: Tensor
    run: np.ndarray
    shared: np.ndarray | None = None
    decays: bool = True


class Network(Protocol):
    """The encoders and heads of R runs.

    Attributes:
        members: The runs.
        seeds: Their different seeds, in the order in which they first stand.
        stream: The input that each run reads, [R]: one a seed, or more where runs of a seed mix rows apart.
        wiring: Where each task's outputs stand.
    """

    members: tuple[RunSpec, ...]
    seeds: tuple[int, ...]
    stream: np.ndarray
    wiring: Wiring

    @property
    def trained(self) -> list[Trained]:
        """All trained tensors."""

    def forward(self, x: Tensor) -> Tensor:
        """All heads' outputs in training, [nodes, columns, B], from one input a stream, [S, D, B]."""

    def backward(self, x: Tensor, grad: Tensor, *, again: bool = False) -> None:
        """Fill all gradients after `forward` on the same input, from that of the outputs.

        Args:
            x: As given to `forward`.
            grad: Gradient of the loss with respect to the outputs, [nodes, columns, B]; it is left as it is.
            again: Whether another backward pass on the same forward pass follows. Gradients that do not come
                from the outputs, such as of a penalty on weights, are added in the last pass only.
        """

    def after_step(self) -> None:
        """Change weights once the optimiser has, where tasks are tied by more than gradients."""

    def evaluate(self, x: Tensor) -> Tensor:
        """All heads' outputs in scoring; a later call may overwrite them."""

    def finite(self) -> np.ndarray:
        """Which runs have only finite weights, [R]."""

    def keep(self, runs: Sequence[int]) -> None:
        """Drop all runs but these (positions in `members`, ascending)."""

    def take_weights(self, other: Self, runs: Sequence[int]) -> None:
        """Copy the weights of some runs of another network (positions there), all of them members here."""


@runtime_checkable
class PartedBackward(Protocol):
    """A network that can go back through private parts for all tasks at once, then task by task on."""

    def backward_private(self, x: Tensor, grad: Tensor) -> None:
        """Fill the gradients of all tensors without shared items, after `forward` on the same input."""

    def backward_shared(self, x: Tensor, mask: Tensor) -> None:
        """Fill the gradients of the others from the outputs with a 1 in the mask, [nodes, columns, 1]."""
