"""Ridge regression on few rows, its penalty chosen by leaving single rows out."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_PENALTIES = np.logspace(-8, 2, 11)  # of the largest eigenvalue of the design


def ridge(design: Floats, values: Floats) -> tuple[float, Floats]:
    """Fit `values = intercept + design @ coefficients`; the intercept is not penalised.

    Args:
        design: [n, p].
        values: [n].

    Returns:
        The intercept and the coefficients [p], at the penalty with the least squared error on left-out rows.

    Reference:
        Golub, Heath, Wahba 1979 (the leave-one-out error in closed form).

    >>> intercept, slope = ridge(np.array([[0.0], [1.0], [2.0], [3.0]]), np.array([1.0, 3.0, 5.0, 7.0]))
    >>> round(intercept, 4), slope.round(4).tolist()
    (1.0, [2.0])
    """
    center, mean = design.mean(axis=0), float(values.mean())
    left, size, right = np.linalg.svd(design - center, full_matrices=False)
    if len(values) < 2 or not size.size or size[0] == 0:
        return mean, np.zeros(design.shape[1])
    share = size**2 / (size**2 + _PENALTIES[:, None] * size[0] ** 2)  # [penalties, p]
    along = left.T @ (values - mean)
    residual = (values - mean) - (share * along) @ left.T
    leverage = 1 / len(values) + share @ (left**2).T
    error = ((residual / np.maximum(1 - leverage, 1e-9)) ** 2).sum(axis=1)
    best = int(np.argmin(error))
    shrunk = np.divide(share[best] * along, size, out=np.zeros_like(along), where=size > 1e-12 * size[0])
    coefficients = right.T @ shrunk
    return mean - float(center @ coefficients), coefficients
