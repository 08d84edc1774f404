"""What every loss weighting does, for all branches of a cohort that use it at once.

A branch is one task in one run. Weightings see their branches as flat vectors of length P, so that one call
serves every run of a cohort; `Branches.run` says which belong together.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:  # keeps the catalog importable without paying for torch
    from torch import Tensor


@dataclass(frozen=True)
class Branches:
    """The branches of a cohort that share a weighting, as tensors of shape [P].

    Attributes:
        run: Position of the run within the cohort.
        n_labels: Labelled training rows of the branch's task.
        is_regression: Whether the loss is a squared error.
    """

    run: Tensor
    n_labels: Tensor
    is_regression: Tensor


class Weighting(Protocol):
    """Combines the task losses of each run into `sum_t weight_t * loss_t` (plus terms of its own).

    Attributes:
        needs_losses: Whether the weights depend on the losses of the step.
    """

    needs_losses: bool

    def start(self, branches: Branches) -> Tensor | None:
        """Initial learnable parameters of shape [P], trained with the network's optimiser, or None."""

    def weights(self, branches: Branches, parameters: Tensor | None, losses: Tensor | None) -> Tensor:
        """The derivative of each run's total loss with respect to each task loss, shape [P]."""

    def parameter_gradient(self, branches: Branches, parameters: Tensor, losses: Tensor) -> Tensor:
        """The gradient of the total loss with respect to the parameters, shape [P]."""
