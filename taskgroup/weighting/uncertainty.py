"""Homoscedastic uncertainty: the noise of each task is learned and divides its loss."""

from __future__ import annotations

from typing import final

from torch import Tensor

from taskgroup.weighting.contract import Branches, Step


@final
class Uncertainty:
    """`total = sum_t c_t * exp(-s_t) * loss_t + s_t / 2`, with `s_t = log(variance_t)` learned from 0.

    `c_t` is 1/2 for squared errors and 1 for cross entropies. `s_t` has no limits, is trained by the
    network's own optimiser at the run's learning rate, and is never decayed. Libraries of the same name
    differ: some start at -0.5, some keep the factor 1/2 for every loss, some clamp `s_t` at zero.

    Reference:
        Kendall, Gal, Cipolla 2018, eq. 7 and 10.
    """

    needs_losses = True
    is_constant = False

    def start(self, branches: Branches) -> Tensor:  # noqa: D102
        return branches.n_labels.new_zeros(branches.n_labels.shape)

    def weights(self, branches: Branches, parameters: Tensor | None, step: Step) -> Tensor:  # noqa: D102
        assert parameters is not None
        return _scale(branches) * parameters.neg().exp()

    def parameter_gradient(self, branches: Branches, parameters: Tensor, losses: Tensor) -> Tensor:  # noqa: D102
        return 0.5 - _scale(branches) * parameters.neg().exp() * losses


def _scale(branches: Branches) -> Tensor:
    return 1.0 - 0.5 * branches.is_regression
