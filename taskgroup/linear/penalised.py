"""Fits of a family under quadratic penalties that couple its members.

Minimised is, over coefficients W ``[M, D, C]`` and intercepts, which are free,

    Σ_m Σ_i weight_mi · loss(y_mi, x_i W_m + b_m)  +  n/2 · Σ_mk Q_mk ⟨W_m, W_k⟩

with squares halved, and n the family's mean number of labels, so that a strength means the same for few rows
and for many. Q = αI is ridge regression, or l2-penalised logistic regression, of every task alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import final

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from taskgroup.linear.family import Family
from taskgroup.linear.losses import CURVATURE, LOSSES
from taskgroup.linear.squares import Squares

Floats = NDArray[np.float64]
_OPTIONS = {"maxiter": 300, "ftol": 1e-9, "gtol": 1e-6, "maxcor": 20}


@dataclass(frozen=True, eq=False)
class Coefficients:
    """What was fitted.

    Attributes:
        w: ``[M, D, C]``.
        b: ``[M, C]``.
    """

    w: Floats
    b: Floats


@final
class PenalisedFits:
    """Fits one family, and remembers every fit.

    Args:
        family: Members and rows.
    """

    def __init__(self, family: Family) -> None:
        self.family = family
        self._squares = Squares(family) if family.loss == "squared" else None
        self._known: dict[bytes, Coefficients] = {}

    def solve(self, penalty: Floats) -> Coefficients:
        """Fit under a penalty.

        Args:
            penalty: Q, symmetric and positive semi-definite, ``[M, M]``.
        """
        key = penalty.tobytes()
        if key not in self._known:
            fit = self._descend if self._squares is None else self._squares.solve
            w, b = fit(self.family.n_labels * penalty)
            self._known[key] = Coefficients(w, b)
        return self._known[key]

    def _descend(self, penalty: Floats) -> tuple[Floats, Floats]:
        """L-BFGS on W = S Z, where S makes all directions of the penalty about equally steep."""
        family, loss = self.family, LOSSES[self.family.loss]
        m, d, c = family.shape
        values, vectors = np.linalg.eigh(penalty)
        steep = CURVATURE[family.loss] * family.n_labels + np.maximum(values, 0.0)
        scale = (vectors / np.sqrt(steep)) @ vectors.T
        pull = (vectors * (np.maximum(values, 0.0) / steep)) @ vectors.T
        step = 1.0 / np.sqrt(CURVATURE[family.loss] * family.n_labels)
        total = float(family.weight.sum())

        def objective(flat: Floats) -> tuple[float, Floats]:
            z, b = flat[: m * d * c].reshape(m, d * c), flat[m * d * c :].reshape(m, 1, c) * step
            logits = family.products((scale @ z).reshape(m, d, c)) + b
            value, residual = loss(logits, family.y, family.weight)
            pulled = pull @ z
            slope = scale @ family.sums(residual).reshape(m, d * c) + pulled
            gradient = np.concatenate([slope.ravel(), step * residual.sum(axis=1).ravel()])
            return (value + 0.5 * float((z * pulled).sum())) / total, gradient / total

        found = minimize(objective, np.zeros(m * c * (d + 1)), jac=True, method="L-BFGS-B", options=_OPTIONS)
        w = scale @ found.x[: m * d * c].reshape(m, d * c)
        return w.reshape(m, d, c), found.x[m * d * c :].reshape(m, c) * step
