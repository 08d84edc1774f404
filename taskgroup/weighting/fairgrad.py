"""FairGrad: the progress of tasks is divided alpha-fairly."""

from __future__ import annotations

from typing import final

from torch import Tensor

from taskgroup.weighting.extra import require_packages
from taskgroup.weighting.gradient_contract import Gradients, Runs
from taskgroup.weighting.run_by_run import of_mean_length_one, run_by_run


@final
class FairGrad:
    """Weights `w >= 0` with `M w = w^(-1/alpha)`, M the products of the gradients.

    At alpha = 1 that is proportional fairness (Nash-MTL without its limits); near 0 the plain sum, towards
    infinity the best worst case. Found as a least-squares problem from `1/T` by TorchJD's FairGradWeighting
    (SciPy), on products of mean squared length 1; weights are scaled back exactly. They have no limits, and
    their size depends on that of the gradients.

    The authors' code is the same without the scaling.

    Args:
        alpha: Of the fairness.

    Raises:
        MissingExtraError: If the packages are not installed.

    Reference:
        Ban, Ji 2024, eq. 4, alg. 1.
    """

    needs_losses = False

    def __init__(self, alpha: float) -> None:
        require_packages("fairgrad")
        from torchjd.aggregation import FairGradWeighting

        self._alpha, self._weighting = alpha, FairGradWeighting(alpha=alpha)

    def start(self, runs: Runs) -> None:  # noqa: D102
        return

    def weights(self, step: Gradients) -> Tensor:  # noqa: D102
        return run_by_run(step, self._solve)

    def _solve(self, run: int, gram: Tensor) -> Tensor | None:
        scaled, scale = of_mean_length_one(gram)
        try:
            weights: Tensor = self._weighting(scaled)
        except ValueError:  # a residual that is not finite
            return None
        return weights * scale ** (-self._alpha / (1.0 + self._alpha))
