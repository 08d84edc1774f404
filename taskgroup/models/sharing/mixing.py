"""Linear mixing of columns, and how it starts."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from torch import Tensor


def stitch(n_columns: int, own: float) -> NDArray[np.float64]:
    """A mixing matrix with `own` on the diagonal and the rest of 1 in equal parts elsewhere."""
    if n_columns == 1:
        return np.ones((1, 1))
    other = (1.0 - own) / (n_columns - 1)
    return np.full((n_columns, n_columns), other) + (own - other) * np.eye(n_columns)


def mix_columns(weights: Tensor, columns: Tensor) -> Tensor:
    """Weighted sums of columns.

    Args:
        weights: [R, K, C].
        columns: [R, C, ...].

    Returns:
        [R, K, ...].
    """
    mixed = weights @ columns.flatten(2)
    return mixed.view(*mixed.shape[:2], *columns.shape[2:])
