"""Control of the false discovery rate over everything that was tested."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

FLAG_LEVEL = 0.05
"""A transfer is called negative or positive at a q-value below this."""


def q_values(p_values: ArrayLike) -> NDArray[np.float64]:
    """Adjust p-values by Benjamini and Hochberg (1995); NaN (nothing to test) stays NaN and is not counted.

    >>> q_values([0.01, float("nan"), 0.04]).tolist()
    [0.02, nan, 0.04]
    """
    p = np.asarray(p_values, dtype=float)
    q = np.full(p.shape, np.nan)
    tested = np.isfinite(p)
    if tested.any():
        q[tested] = stats.false_discovery_control(p[tested])
    return q
