"""UPGrad: each task's gradient is projected on the cone in which no task loses, then summed."""

from __future__ import annotations

from typing import final

from torch import Tensor

from taskgroup.weighting.extra import require_packages
from taskgroup.weighting.gradient_contract import Gradients, Runs
from taskgroup.weighting.run_by_run import of_mean_length_one, run_by_run


@final
class UPGrad:
    """`sum_t p_t`, `p_t` the point nearest to `g_t` with `p_t . g_u >= 0` for all tasks u.

    `p_t = sum_u v_u * g_u` with v the smallest `v' M v`, `v >= e_t`, M the products of the gradients plus
    0.0001 of their trace on the diagonal. Weights are at least 1; without conflicts that is the plain sum.
    Solved by TorchJD's UPGradWeighting (quadprog), whose weights are the mean over tasks, times T.

    Raises:
        MissingExtraError: If the packages are not installed.

    Reference:
        Quinton, Rey 2024, "Jacobian descent for multi-objective optimization", sec. 3.
    """

    needs_losses = False

    def __init__(self) -> None:
        require_packages("upgrad")
        from torchjd.aggregation import UPGradWeighting

        self._weighting = UPGradWeighting()

    def start(self, runs: Runs) -> None:  # noqa: D102
        return

    def weights(self, step: Gradients) -> Tensor:  # noqa: D102
        return run_by_run(step, self._solve)

    def _solve(self, run: int, gram: Tensor) -> Tensor | None:
        try:
            weights: Tensor = self._weighting(of_mean_length_one(gram)[0])
        except ValueError:  # the solver found no point
            return None
        return weights * len(gram)
