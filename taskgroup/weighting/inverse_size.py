"""Weights inverse to the number of labels: tasks with few labels are not drowned out."""

from __future__ import annotations

from typing import final

from torch import Tensor

from taskgroup.weighting.contract import Branches, Step


@final
class InverseSize:
    """`weight_t = (1 / n_t) / mean_u(1 / n_u)` over the tasks u of the run, n labelled training rows.

    The weights of a run average to one, so the total loss keeps the scale of equal weighting. Each task loss
    is itself a mean over labelled rows; libraries that sum over rows instead reach equal weights by the same
    name.
    """

    needs_losses = False
    is_constant = True

    def start(self, branches: Branches) -> None:  # noqa: D102
        return None

    def weights(self, branches: Branches, parameters: Tensor | None, step: Step) -> Tensor:  # noqa: D102
        inverse = 1.0 / branches.n_labels
        n_runs = int(branches.run.max()) + 1
        total = inverse.new_zeros(n_runs).index_add_(0, branches.run, inverse)
        count = inverse.new_zeros(n_runs).index_add_(0, branches.run, inverse.new_ones(inverse.shape))
        return inverse * (count / total)[branches.run]

    def parameter_gradient(self, branches: Branches, parameters: Tensor, losses: Tensor) -> Tensor:  # noqa: D102
        raise NotImplementedError("inverse_size weighting has no parameters")
