"""What multi-task lasso and elastic net have in common: features that all tasks use, or none does."""

from __future__ import annotations

import warnings

import numpy as np
from numpy.typing import NDArray
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import MultiTaskElasticNet

from taskgroup.linear.contract import LinearFit
from taskgroup.linear.rows import LinearRows

Floats = NDArray[np.float64]
_TOLERANCE, _MAX_ROUNDS = 1e-4, 500


def unsuited(rows: LinearRows) -> str | None:
    """Least squares of all targets at once needs all of them in every row."""
    if (rows.counts == 0).any():
        return "it needs every label of every training row, and some are missing or belong to other tasks"
    if (rows.counts != rows.counts[0, 0]).any():
        return "rows have weights, which scikit-learn's solver does not take"
    for task in rows.tasks:
        if task.score.name == "log_loss":
            return f"it fits least squares, which gives no probabilities for the log loss of {task.name!r}"
    return None


def largest_strength(rows: LinearRows) -> float:
    """The least strength under which no feature is used, for pure block sparsity."""
    y = coded(rows)
    norms = np.linalg.norm(rows.x.T @ (y - y.mean(axis=0)), axis=1)
    return float(norms.max()) / len(y)


def coded(rows: LinearRows) -> Floats:
    """Targets ``[N, O]``: regressions as they are, labels and classes as -1 and 1.

    Least squares on such labels is a linear discriminant: its sign and order of rows are of use, its
    values are no logits.
    """
    y = rows.targets.T.copy()
    for task in rows.tasks:
        if task.kind != "regression":
            y[:, rows.outputs[task.name]] = 2.0 * y[:, rows.outputs[task.name]] - 1.0
    return y


def fit(rows: LinearRows, *, strength: float, sparse_share: float) -> LinearFit:
    """Fit all outputs at once.

    Minimised is ‖Y − XW‖² / 2n + ρ share Σ_d ‖W_d‖ + ρ (1 − share)/2 ‖W‖², W_d the coefficients of feature d.

    Args:
        rows: Complete ones.
        strength: As a share of the ρ under which no feature is used.
        sparse_share: 1 for the lasso.
    """
    rho = strength * largest_strength(rows) / sparse_share
    model = MultiTaskElasticNet(alpha=rho, l1_ratio=sparse_share, tol=_TOLERANCE, max_iter=_MAX_ROUNDS)
    with warnings.catch_warnings():
        # A descent that is cut short is judged on the validation rows like any other.
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(rows.x, coded(rows))
    return LinearFit(np.asarray(model.coef_), np.asarray(model.intercept_))
