"""CAGrad: near the mean gradient, the direction that is best for the task that it serves worst."""

from __future__ import annotations

from typing import final

from torch import Tensor

from taskgroup.weighting.extra import require_packages
from taskgroup.weighting.gradient_contract import Gradients, Runs
from taskgroup.weighting.run_by_run import of_mean_length_one, run_by_run


@final
class CAGrad:
    """T times the vector d of the largest `min_t g_t . d` in the ball `|d - g_0| <= c |g_0|`, `g_0` the mean.

    `weights = 1 + T * c * |g_0| / |g_w| * w`, where w from the simplex makes `g_w . g_0 + c |g_0| |g_w|`
    smallest, `g_w = sum_t w_t * g_t`. Where `g_w` is next to nothing no task can gain, and the step moves no
    shared block. c = 0 is the plain sum. Solved by TorchJD's CAGradWeighting (cvxpy, Clarabel), times T
    as equal weighting is the sum; products are scaled beforehand, as it takes short gradients for zero.

    LibMTL's and the authors' code divide by 1 + c or 1 + c^2, and solve by SciPy's SLSQP.

    Args:
        c: Radius of the ball.

    Raises:
        MissingExtraError: If the packages are not installed.

    Reference:
        Liu, Liu, Jin, Stone, Liu 2021, sec. 3, alg. 1.
    """

    needs_losses = False

    def __init__(self, c: float) -> None:
        require_packages("cagrad")
        from torchjd.aggregation import CAGradWeighting

        self._weighting = CAGradWeighting(c=c)

    def start(self, runs: Runs) -> None:  # noqa: D102
        return

    def weights(self, step: Gradients) -> Tensor:  # noqa: D102
        return run_by_run(step, self._solve)

    def _solve(self, run: int, gram: Tensor) -> Tensor | None:
        from cvxpy import SolverError

        try:
            weights: Tensor = self._weighting(of_mean_length_one(gram)[0])
        except (SolverError, TypeError):  # it may end without a point, which TorchJD then takes a norm of
            return None
        return weights * len(gram)
