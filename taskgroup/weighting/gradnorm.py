"""GradNorm: learned weights that let all tasks train at like rates."""

from __future__ import annotations

from typing import final

import torch
from torch import Tensor

from taskgroup.weighting.gradient_contract import Gradients, Runs

_BETAS, _EPSILON = (0.9, 0.999), 1e-30
_LEAST_WEIGHT = 1e-3
_LEAST_LOSS = 1e-12


@final
class GradNorm:
    """Weights `w` that follow the gradient of `sum_t | w_t * n_t - mean_u(w_u * n_u) * r_t^alpha |`.

    `n_t` is the length of the task's gradient with respect to the last shared weights (biases left out);
    `r_t = q_t / mean_u(q_u)`, `q_t` the task's loss over its loss in the first batch that had a label of it.
    The second term is held constant, so that the gradient is `sign(...) * n_t`. Adam (0.9, 0.999) takes
    the step, with a learning rate of its own; then weights are kept at least at 0.001 and scaled to sum to
    the number T of tasks. They start at 1. A task without labels in a batch keeps its weight in that step.

    The shared gradients of a step are combined by the weights before their update. The weights apply to
    shared blocks alone: heads and private blocks take the plain gradient of their task. (The paper weighs the
    losses, which for heads is a learning rate that AdamW cancels.) LibMTL's GradNorm learns the logits of a
    softmax with the network's own optimiser, over all shared parameters, relative to the first epoch's mean
    loss; some libraries have methods of that name that never look at a gradient.

    Args:
        alpha: How strongly training rates are brought together.
        learning_rate: Of the weights.

    Reference:
        Chen 2018, sec. 3, eq. 1 and 2, alg. 1.
    """

    needs_losses = True

    def __init__(self, alpha: float, learning_rate: float) -> None:
        self._alpha, self._rate = alpha, learning_rate

    def start(self, runs: Runs) -> None:  # noqa: D102
        shape = len(runs.tasks), max(map(len, runs.tasks))
        self._weights = torch.ones(shape, dtype=torch.float64)
        self._first_losses, self._mean, self._square, self._steps = (
            torch.zeros(shape, dtype=torch.float64) for _ in range(4)
        )

    def weights(self, step: Gradients) -> Tensor:  # noqa: D102
        assert step.losses is not None
        assert step.norms is not None
        new = step.counts & (self._first_losses == 0)
        self._first_losses = step.losses.clamp_min(_LEAST_LOSS).where(new, self._first_losses)
        used = self._weights
        self._weights = self._updated(self._slope(step), step.counts)
        return used

    def keep(self, kept: Tensor) -> None:  # noqa: D102
        self._weights, self._first_losses, self._mean, self._square, self._steps = (
            each[kept] for each in (self._weights, self._first_losses, self._mean, self._square, self._steps)
        )

    def _slope(self, step: Gradients) -> Tensor:
        """The gradient with respect to the weights, [R, T]."""
        assert step.losses is not None
        assert step.norms is not None
        counts = step.counts.to(self._weights)
        n_tasks = counts.sum(dim=1, keepdim=True).clamp_min(1)
        ratio = (step.losses / self._first_losses.clamp_min(_LEAST_LOSS)) * counts
        rate = ratio / (ratio.sum(dim=1, keepdim=True) / n_tasks).clamp_min(_LEAST_LOSS)
        lengths = self._weights * step.norms * counts
        wanted = lengths.sum(dim=1, keepdim=True) / n_tasks * rate.clamp_min(0.0) ** self._alpha
        return (lengths - wanted).sign() * step.norms * counts

    def _updated(self, slope: Tensor, counts: Tensor) -> Tensor:
        """Weights after a step of Adam, [R, T]: those that count sum to what they did."""
        first, second = _BETAS
        self._steps = self._steps + counts
        self._mean = torch.lerp(slope, self._mean, first).where(counts, self._mean)
        self._square = torch.lerp(slope.square(), self._square, second).where(counts, self._square)
        n = self._steps.clamp_min(1)
        mean, square = self._mean / (1 - first**n), self._square / (1 - second**n)
        moved = (self._weights - self._rate * mean / (square.sqrt() + _EPSILON)).clamp_min(_LEAST_WEIGHT)
        before, after = ((w * counts).sum(dim=1, keepdim=True) for w in (self._weights, moved))
        return (moved * before / after.clamp_min(_LEAST_WEIGHT)).where(counts, self._weights)
