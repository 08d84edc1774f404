"""Gradient surgery: the parts of a task's gradient that conflict with other tasks are projected away."""

from __future__ import annotations

from typing import final

import numpy as np
import torch
from torch import Tensor

from taskgroup.seeds import derive_seed
from taskgroup.weighting.draws import STEPS_AT_ONCE, StepDraws
from taskgroup.weighting.gradient_contract import Gradients, Runs

_TINY = 1e-300


@final
class PCGrad:
    """The sum of the tasks' projected gradients.

    For each task i, `p_i = g_i`; then for the other tasks j in random order, where `p_i . g_j < 0`:
    `p_i -= (p_i . g_j) / |g_j|^2 * g_j`. Without conflicts that is the plain sum. The order is drawn by the
    run's seed, its tasks and the step. There are no limits: a weight is at least 1.

    TorchJD's PCGrad is the same up to its random order. LibMTL's also meets the task itself, which matters
    where earlier projections have turned `p_i` against `g_i`.

    Reference:
        Yu 2020, alg. 1.
    """

    needs_losses = False

    def start(self, runs: Runs) -> None:  # noqa: D102
        self._runs, self._n_tasks = runs, max(map(len, runs.tasks))
        self._draws = StepDraws(self._draw)

    def weights(self, step: Gradients) -> Tensor:  # noqa: D102
        return project(step.gram, self._orders(step.number))

    def _orders(self, step: int) -> Tensor:
        """The order of the other tasks for every task, [R, T, T]; of two tasks there is but one."""
        n_runs, n = len(self._runs.seeds), self._n_tasks
        if n < 3:
            return torch.arange(n).expand(n_runs, n, n)
        return torch.from_numpy(np.argsort(self._draws.at(step), axis=-1))

    def _draw(self, block: int) -> np.ndarray:
        """Keys to sort the tasks by in the next steps, [steps, R, T, T]; absent tasks come last."""
        n = self._n_tasks
        keys = np.full((STEPS_AT_ONCE, len(self._runs.seeds), n, n), 2.0)
        for run, (seed, tasks) in enumerate(zip(self._runs.seeds, self._runs.tasks, strict=True)):
            rng = np.random.default_rng(derive_seed(seed, "projections", *tasks, block))
            keys[:, run, : len(tasks), : len(tasks)] = rng.random((STEPS_AT_ONCE, len(tasks), len(tasks)))
        return keys


def project(gram: Tensor, orders: Tensor) -> Tensor:
    """The weights of the sum of projected gradients.

    Args:
        gram: [R, T, T].
        orders: For each task the order in which it meets all tasks, itself left out, [R, T, T].

    Returns:
        Shape [R, T].
    """
    n = gram.shape[-1]
    if not (gram < 0).any():
        return torch.ones_like(gram[:, 0])
    projected = torch.eye(n, dtype=gram.dtype).expand_as(gram).clone()
    own = torch.arange(n).view(1, n)
    squares = gram.diagonal(dim1=1, dim2=2)
    for place in range(n):
        other = orders[:, :, place]
        product = (gram.gather(1, other.unsqueeze(2).expand_as(gram)) * projected).sum(dim=2)
        conflicts = (product < 0) & (other != own)
        excess = (product / squares.gather(1, other).clamp_min(_TINY)).where(conflicts, 0.0)
        projected.scatter_add_(2, other.unsqueeze(2), -excess.unsqueeze(2))
    return projected.sum(dim=1)
