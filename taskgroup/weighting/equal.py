"""Equal weights: the plain sum of task losses."""

from __future__ import annotations

from typing import TYPE_CHECKING, final

from taskgroup.weighting.contract import Branches

if TYPE_CHECKING:
    from torch import Tensor


@final
class Equal:
    """`total = sum_t loss_t`.

    The sum rather than the mean, so that the gradient that a head receives does not depend on how many tasks
    share the run.
    """

    needs_losses = False

    def start(self, branches: Branches) -> None:  # noqa: D102
        return None

    def weights(self, branches: Branches, parameters: Tensor | None, losses: Tensor | None) -> Tensor:  # noqa: D102
        return branches.n_labels.new_ones(branches.n_labels.shape)

    def parameter_gradient(self, branches: Branches, parameters: Tensor, losses: Tensor) -> Tensor:  # noqa: D102
        raise NotImplementedError("equal weighting has no parameters")
