"""Equal weights: the plain sum of task losses."""

from __future__ import annotations

from typing import final

from torch import Tensor

from taskgroup.weighting.contract import Branches, Step


@final
class Equal:
    """`total = sum_t loss_t`.

    The sum rather than the mean, so that the gradient that a head receives does not depend on how many tasks
    share the run.
    """

    needs_losses = False
    is_constant = True

    def start(self, branches: Branches) -> None:  # noqa: D102
        return None

    def weights(self, branches: Branches, parameters: Tensor | None, step: Step) -> Tensor:  # noqa: D102
        return branches.n_labels.new_ones(branches.n_labels.shape)

    def parameter_gradient(self, branches: Branches, parameters: Tensor, losses: Tensor) -> Tensor:  # noqa: D102
        raise NotImplementedError("equal weighting has no parameters")
