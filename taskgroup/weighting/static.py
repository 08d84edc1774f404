"""Fixed weights, given in the study or tuned with the other settings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import final

from torch import Tensor

from taskgroup.errors import InputError
from taskgroup.weighting.contract import Branches, Step


@final
class Static:
    """`total = sum_t weight_t * loss_t` with the weights as given; tasks that are not named weigh 1.

    The weights are not normalised: together they set the size of the steps that shared blocks take, relative
    to weight decay, and a task's own blocks see its weight alone. Kurin 2022 and Xin 2022 found no method
    that beats such weights consistently, once they are tuned.

    Args:
        weights: By task name.

    Raises:
        InputError: If they are still to be tuned.
    """

    needs_losses = False
    is_constant = True

    def __init__(self, weights: Mapping[str, float] | str) -> None:
        if isinstance(weights, str):
            raise InputError(
                f"weighting 'static' has weights {weights!r}, which only a search fills in; name a number a "
                "task, as in {static: {weights: {pos: 1, chunk: 0.5}}}"
            )
        self._weights = dict(weights)

    def start(self, branches: Branches) -> None:  # noqa: D102
        return None

    def weights(self, branches: Branches, parameters: Tensor | None, step: Step) -> Tensor:  # noqa: D102
        return branches.n_labels.new_tensor([self._weights.get(task, 1.0) for task in branches.tasks])

    def parameter_gradient(self, branches: Branches, parameters: Tensor, losses: Tensor) -> Tensor:  # noqa: D102
        raise NotImplementedError("static weighting has no parameters")
