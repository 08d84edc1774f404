"""Dynamic weight average: tasks whose losses fall slowly weigh more."""

from __future__ import annotations

from typing import final

from torch import Tensor

from taskgroup.weighting.contract import Branches, Step
from taskgroup.weighting.softmax import softmax_of_runs

_LEAST_LOSS = 1e-12


@final
class DWA:
    """`weight_t = T * softmax_t(r_t / temperature)`, `r_t` the last epoch's mean loss over the one before's.

    Means are over the batches that have labels of the task; a task that had none keeps its last mean. In the
    first two epochs all weights are 1. They sum to the number T of tasks that still train, as the plain sum
    of losses does. There are no limits, but a weight is below T.

    LibMTL's DWA has the same formula and knows no missing labels.

    Args:
        temperature: Of the softmax; 2 in the paper.

    Reference:
        Liu, Johns, Davison 2019, sec. 3.2, eq. 7.
    """

    needs_losses = True
    is_constant = False

    def __init__(self, temperature: float) -> None:
        self._temperature = temperature

    def start(self, branches: Branches) -> None:  # noqa: D102
        zeros = branches.n_labels.new_zeros(branches.n_labels.shape)
        self._sum, self._count, self._before, self._ratio = (zeros.clone() for _ in range(4))
        self._epochs = 0

    def weights(self, branches: Branches, parameters: Tensor | None, step: Step) -> Tensor:  # noqa: D102
        assert step.losses is not None
        self._sum += step.losses if step.present is None else step.losses * step.present
        self._count += 1.0 if step.present is None else step.present
        return softmax_of_runs(self._ratio / self._temperature, branches.run, step.trained)

    def end_epoch(self) -> None:  # noqa: D102
        mean = (self._sum / self._count.clamp_min(1.0)).where(self._count > 0, self._before)
        self._epochs += 1
        if self._epochs > 1:
            self._ratio = (mean / self._before.clamp_min(_LEAST_LOSS)).where(self._before > 0, mean * 0 + 1.0)
        self._before = mean
        self._sum, self._count = self._sum * 0.0, self._count * 0.0

    def keep(self, kept: Tensor) -> None:  # noqa: D102
        self._sum, self._count, self._before, self._ratio = (
            each[kept] for each in (self._sum, self._count, self._before, self._ratio)
        )

    def parameter_gradient(self, branches: Branches, parameters: Tensor, losses: Tensor) -> Tensor:  # noqa: D102
        raise NotImplementedError("dwa weighting has no parameters")
