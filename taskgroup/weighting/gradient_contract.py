"""What every gradient weighting does: from products of the tasks' gradients to weights of these gradients.

The gradients are those of the task losses with respect to what a run's tasks share. A weighting sees only
their inner products, which are small however large the network is, for all runs of a cohort that use it. A
study with an adversarial task refuses them all, as they take away the disagreement that such a task is for.

Shape letters: R runs, T tasks of the run that has most.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from torch import Tensor


@dataclass(frozen=True)
class Runs:
    """The runs that use a weighting.

    Attributes:
        seeds: Of each run.
        tasks: Of each run.
    """

    seeds: tuple[int, ...]
    tasks: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Gradients:
    """The tasks' gradients in a step, as float64 on the CPU.

    Attributes:
        gram: Inner products, [R, T, T]; 0 in the rows and columns of tasks that do not count.
        counts: Which tasks to combine, [R, T]: those that the batch has labels of and that still train.
        precision: Relative rounding error of the gradients.
        norms: Lengths of the gradients with respect to the last shared weights alone, [R, T].
        losses: Of the batch, [R, T]; None where the weighting needs none.
        number: Steps that were taken before.
    """

    gram: Tensor
    counts: Tensor
    precision: float = 2.0**-52
    norms: Tensor | None = None
    losses: Tensor | None = None
    number: int = 0


class GradientWeighting(Protocol):
    """Combines the gradients of each run's tasks into `sum_t weight_t * gradient_t`.

    Runs in which fewer than two tasks count keep the plain gradient, whatever is returned for them.

    Attributes:
        needs_losses: Whether it looks at the losses of every step.
    """

    needs_losses: bool

    def start(self, runs: Runs) -> None:
        """Prepare for these runs, before the first step."""

    def weights(self, step: Gradients) -> Tensor:
        """One weight a task, [R, T]; those of tasks that do not count are not read, but finite."""
