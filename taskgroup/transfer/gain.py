"""The signed gain: how much of a task's single-task error a subset takes away.

`gain = (error_single - error_subset) / error_single`, at the same seed and training budget; positive helps.
Errors are `1 - score` for scores whose best value is 1 and the value itself for errors, so that the gain
stays defined where a score is zero or negative (the usual multi-task delta of Maninis 2019 is not).
"""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
GainScale = Literal["error", "difference", "size"]

ERROR_FLOOR = 0.01
"""Single-task errors below this are raised to it: a gain relative to (almost) nothing says nothing."""
_SIZE_FLOOR = 1e-6


def relative_gain(
    error_single: ArrayLike, error_subset: ArrayLike, *, scale: GainScale = "error"
) -> tuple[Floats, NDArray[np.bool_]]:
    """Compute gains and mark those whose baseline error was floored.

    Args:
        error_single: Single-task errors, any shape.
        error_subset: Errors of the same tasks in a subset, same shape and seeds.
        scale: What the reduction is divided by: the single-task `error`, its `size` (for scores of an
            unknown range, which may be negative), or nothing (`difference`).

    Returns:
        The gains and which of them used the floor, both of the common shape.

    >>> gain, floored = relative_gain([0.2, 0.0], [0.1, 0.001])
    >>> gain.round(3).tolist(), floored.tolist()
    ([0.5, -0.1], [False, True])
    """
    single, subset = np.asarray(error_single, dtype=float), np.asarray(error_subset, dtype=float)
    if scale == "difference":
        return single - subset, np.zeros(single.shape, dtype=bool)
    floor = ERROR_FLOOR if scale == "error" else _SIZE_FLOOR
    size = single if scale == "error" else np.abs(single)
    return (single - subset) / np.maximum(size, floor), size < floor
