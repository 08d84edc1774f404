"""Fine-tuning in a few directions: one convex problem for any set of tasks whose outputs are linear in them.

The curvature of a task is worked out once, where fine-tuning begins. Steps with a curvature that stays are
Newton's for squared errors, where one is enough, and close to them for cross entropies, since fine-tuning a
trained network does not go far.

Shape letters: n rows, K outputs of a task, d directions.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scipy import linalg, special

if TYPE_CHECKING:  # reading a stored matrix must not load torch
    from taskgroup.training import Examples, Linearised

Floats = NDArray[np.float64]

_MAX_STEPS = 100
_MAX_HALVINGS = 10
_TOLERANCE = 1e-12  # of the objective that a step still promises to gain


@dataclass(frozen=True, eq=False)
class LinearTask:
    """The loss of one task as a function of the change of the shared weights, [d]."""

    model: Linearised

    def loss(self, rows: Examples, change: Floats) -> float:
        """Mean loss over rows."""
        z, y = rows.offset + rows.features @ change, rows.targets
        if self.model.kind == "regression":
            return float(((z - y) ** 2).mean(axis=1).mean())
        if self.model.kind == "multiclass":
            return float(-(y * special.log_softmax(z, axis=1)).sum(axis=1).mean())
        return float((np.logaddexp(0.0, z) - y * z).mean())

    def slope(self, change: Floats) -> Floats:
        """Gradient of the training loss, [d]."""
        rows = self.model.train
        wrong = self._activate(rows.offset + rows.features @ change) - rows.targets
        return np.asarray(wrong.ravel() @ self._flat * self._scale)

    @cached_property
    def curvature(self) -> Floats:
        """Second derivative of the training loss at no change, [d, d]."""
        rows = self.model.train
        p = self._activate(rows.offset)
        if self.model.kind == "regression":
            return np.asarray(self._flat.T @ self._flat * self._scale)
        if self.model.kind == "multiclass":
            mean = np.einsum("nk,nkd->nd", p, rows.features)
            return np.asarray(((self._flat * p.reshape(-1, 1)).T @ self._flat - mean.T @ mean) * self._scale)
        return np.asarray((self._flat * (p * (1 - p)).reshape(-1, 1)).T @ self._flat * self._scale)

    @property
    def _flat(self) -> Floats:
        """Features of all outputs, [n * K, d]."""
        return self.model.train.features.reshape(-1, self.model.train.features.shape[2])

    @property
    def _scale(self) -> float:
        """What a mean over rows, and over columns, divides by; a squared error has twice the slope."""
        rows = self.model.train
        n, n_outputs = len(rows.offset), self.model.n_outputs
        if self.model.kind == "regression":
            return 2.0 / (n * n_outputs)
        return 1.0 / n if self.model.kind == "multiclass" else 1.0 / (n * n_outputs)

    def _activate(self, z: Floats) -> Floats:
        if self.model.kind == "regression":
            return z
        return np.asarray(special.softmax(z, axis=1) if self.model.kind == "multiclass" else special.expit(z))


def fit_change(tasks: Sequence[LinearTask], penalty: float) -> Floats:
    """The change of the shared weights, [d], that fine-tuning on these tasks together ends with.

    Args:
        tasks: Whose mean losses are added.
        penalty: Half of it times the squared length of the change is added too.
    """
    curvature = np.sum([task.curvature for task in tasks], axis=0)
    factor = linalg.cho_factor(curvature + penalty * np.eye(len(curvature)))
    change = np.zeros(len(curvature))

    def objective(at: Floats) -> float:
        return sum(task.loss(task.model.train, at) for task in tasks) + 0.5 * penalty * float(at @ at)

    reached = objective(change)
    for _ in range(_MAX_STEPS):
        slope = penalty * change + np.sum([task.slope(change) for task in tasks], axis=0)
        step = linalg.cho_solve(factor, slope)
        if slope @ step < _TOLERANCE:
            break
        for halving in range(_MAX_HALVINGS):
            tried = change - 0.5**halving * step
            if (gone_to := objective(tried)) <= reached:
                break
        else:
            break
        change, reached = tried, gone_to
    return change
