"""Random loss weighting: weights drawn anew in every step, the baseline that methods should beat."""

from __future__ import annotations

from typing import Literal, final

import numpy as np
from torch import Tensor

from taskgroup.seeds import derive_seed
from taskgroup.weighting.contract import Branches, Step
from taskgroup.weighting.draws import STEPS_AT_ONCE, StepDraws
from taskgroup.weighting.softmax import softmax_of_runs


@final
class Random:
    """`weight_t = T * softmax_t(z_t)` in every step, `z_t` standard normal (or for Dirichlet weights).

    With `dirichlet` the weights are uniform on the simplex of size T: `exp(z_t)` is then standard
    exponential. A task's `z_t` depend on the run's seed, its name and the step alone, so that runs of other
    subsets see the same numbers. Weights sum to the number T of tasks that still train.

    LibMTL's RLW has weights that sum to 1, and takes a second softmax of the Dirichlet draw.

    Args:
        draw: How weights are drawn.

    Reference:
        Lin, Ye, Zhang, Tsang 2022, sec. 3.1.
    """

    needs_losses = False
    is_constant = False

    def __init__(self, draw: Literal["normal", "dirichlet"]) -> None:
        self._kind = draw

    def start(self, branches: Branches) -> None:  # noqa: D102
        self._places = list(zip(branches.seeds, branches.tasks, strict=True))
        self._draws = StepDraws(self._draw)

    def weights(self, branches: Branches, parameters: Tensor | None, step: Step) -> Tensor:  # noqa: D102
        values = branches.n_labels.new_tensor(self._draws.at(step.number))
        return softmax_of_runs(values, branches.run, step.trained)

    def parameter_gradient(self, branches: Branches, parameters: Tensor, losses: Tensor) -> Tensor:  # noqa: D102
        raise NotImplementedError("random weighting has no parameters")

    def _draw(self, block: int) -> np.ndarray:
        """Of the next steps, [steps, P]."""
        drawn = np.empty((STEPS_AT_ONCE, len(self._places)))
        for place, (seed, task) in enumerate(self._places):
            rng = np.random.default_rng(derive_seed(seed, "loss weight", task, block))
            drawn[:, place] = (
                rng.standard_normal(STEPS_AT_ONCE)
                if self._kind == "normal"
                else np.log(rng.standard_exponential(STEPS_AT_ONCE))
            )
        return drawn
