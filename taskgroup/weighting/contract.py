"""What every loss weighting does, for all branches of a cohort that use it at once.

A branch is one task in one run. Weightings see their branches as flat vectors of length P, so that one call
serves every run of a cohort; `Branches.run` says which belong together.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from torch import Tensor


@dataclass(frozen=True)
class Branches:
    """The branches of a cohort that share a weighting, as tensors of shape [P].

    Attributes:
        run: Position of the run within the cohort.
        n_labels: Labelled training rows of the branch's task.
        is_regression: Whether the loss is a squared error.
        tasks: The name of each branch's task, P of them.
        seeds: The seed of each branch's run, P of them.
    """

    run: Tensor
    n_labels: Tensor
    is_regression: Tensor
    tasks: tuple[str, ...] = ()
    seeds: tuple[int, ...] = ()


@dataclass(frozen=True)
class Step:
    """What a weighting may look at in a step.

    Attributes:
        number: Steps that were taken before.
        losses: Of the batch, [P]; None where the weighting needs none.
        present: 1 where the batch has a label of the branch's task, else 0, [P]; None where all have.
        trained: 1 where the branch still trains, else 0 (`training.task_patience`), [P]; None where all do.
    """

    number: int = 0
    losses: Tensor | None = None
    present: Tensor | None = None
    trained: Tensor | None = None


class Weighting(Protocol):
    """Combines the task losses of each run into `sum_t weight_t * loss_t` (plus terms of its own).

    Attributes:
        needs_losses: Whether it looks at the losses of every step.
        is_constant: Whether the weights are the same in all steps.
    """

    needs_losses: bool
    is_constant: bool

    def start(self, branches: Branches) -> Tensor | None:
        """Initial learnable parameters of shape [P], trained with the network's optimiser, or None."""

    def weights(self, branches: Branches, parameters: Tensor | None, step: Step) -> Tensor:
        """The derivative of each run's total loss with respect to each task loss, shape [P]."""

    def parameter_gradient(self, branches: Branches, parameters: Tensor, losses: Tensor) -> Tensor:
        """The gradient of the total loss with respect to the parameters, shape [P]."""


@runtime_checkable
class Remembering(Protocol):
    """A weighting that remembers something of the steps before."""

    def keep(self, kept: Tensor) -> None:
        """Forget all but some (integer positions, ascending): branches, or runs where it sees gradients."""


@runtime_checkable
class CountingEpochs(Protocol):
    """A weighting that changes with the epochs."""

    def end_epoch(self) -> None:
        """Take note that one has ended."""
