"""How alike tasks with rows of their own are, from their training rows, before any network is trained."""

from __future__ import annotations

from collections.abc import Sequence
from typing import final

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

Floats = NDArray[np.float64]

_RIDGE = 0.1


@final
class TaskSimilarity:
    """Compares what linear models of two tasks predict: 0 where unrelated, 1 where the same up to sign.

    Every task has a ridge regression of its targets (one-hot for classes) on its own n training rows,
    `W_t = (C_t + 0.1 I)⁻¹ X_tᵀY_t / n`, with features standardised over all tasks, then centred within t, and
    `C_t` their covariance. The predictions `P_a` and `P_b` on the rows of both tasks, each task's counting as
    one half, are compared by the root of their RV coefficient, `‖P_aᵀP_b‖ / √(‖P_aᵀP_a‖ ‖P_bᵀP_b‖)` in
    Frobenius norms. With single outputs that is the absolute correlation of the predictions: absolute, since
    heads may turn a sign around. What a linear model does not see, as a product of features, does not make
    tasks alike. The value depends on the rows of the seed alone, not on what trains with what.

    Args:
        x: Features of the training rows of all tasks, [N, D].
        y: Their targets, [N, K].
        rows: The rows of every task.

    Reference:
        Escoufier 1973 (the RV coefficient).
    """

    def __init__(self, x: Tensor, y: Tensor, rows: Sequence[NDArray[np.int64]]) -> None:
        self._x, self._y, self._rows = x, y, rows
        self._coefficients: dict[int, Floats] = {}
        self._known: dict[tuple[int, int], float] = {}

    def of(self, task: int, other: int) -> float:
        """The similarity of two tasks, by their positions in the task list; symmetric."""
        pair = min(task, other), max(task, other)
        if pair not in self._known:
            self._known[pair] = self._compare(*pair)
        return self._known[pair]

    def _compare(self, a: int, b: int) -> float:
        def products(one: int, two: int) -> float:
            of_rows = [self._products(rows, one, two) for rows in (a, b)]
            return float(np.linalg.norm(sum(of_rows)))

        size = np.sqrt(products(a, a) * products(b, b))
        return 0.0 if size == 0.0 else float(np.clip(products(a, b) / size, 0.0, 1.0))

    def _products(self, rows: int, one: int, two: int) -> Floats:
        """Mean products of two tasks' predictions on the rows of one of them, [K, K]."""
        x = self._centred(rows)
        products: Floats = (x @ self._ridge(one)).T @ (x @ self._ridge(two)) / len(x)
        return products

    def _ridge(self, task: int) -> Floats:
        """Shape [D, K]."""
        if task not in self._coefficients:
            x, y = self._centred(task), self._y[self._rows[task]].double().cpu().numpy()
            covariance = x.T @ x / len(x) + _RIDGE * np.eye(x.shape[1])
            self._coefficients[task] = np.linalg.solve(covariance, x.T @ y / len(x))
        return self._coefficients[task]

    def _centred(self, task: int) -> Floats:
        """The features of a task's rows, [n, D]."""
        x: Floats = self._x[self._rows[task]].double().cpu().numpy()
        x -= x.mean(axis=0)
        return x
