"""The signed gain: how much of a task's single-task error a subset takes away.

`gain = (error_single - error_subset) / error_single`, at the same seed and training budget; positive helps.
Errors are `1 - score` for scores whose best value is 1 and the value itself for errors, so that the gain
stays defined where a score is zero or negative (the usual multi-task delta of Maninis 2019 is not).

A mean of such ratios is slightly pessimistic: where the single-task error varies between seeds with
coefficient of variation c, joint training that changes nothing shows a mean gain of about -c²/2.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from taskgroup.spec import ERROR_FLOOR

Floats = NDArray[np.float64]
GainScale = Literal["error", "difference", "size"]


def relative_gain(
    error_single: ArrayLike,
    error_subset: ArrayLike,
    *,
    scale: GainScale = "error",
    floor: ArrayLike = ERROR_FLOOR,
) -> tuple[Floats, NDArray[np.bool_]]:
    """Compute gains and mark those whose baseline error was floored.

    Args:
        error_single: Single-task errors, any shape.
        error_subset: Errors of the same tasks in a subset, same shape and seeds.
        scale: What the reduction is divided by: the single-task `error`, its `size` (for scores of an
            unknown range, which may be negative), or nothing (`difference`).
        floor: The least that it is divided by (`Metric.floor`); a number or one for each gain.

    Returns:
        The gains and which of them used the floor, both of the common shape.

    >>> gain, floored = relative_gain([0.2, 0.0], [0.1, 0.001])
    >>> gain.round(3).tolist(), floored.tolist()
    ([0.5, -0.1], [False, True])
    """
    single, subset = np.asarray(error_single, dtype=float), np.asarray(error_subset, dtype=float)
    if scale == "difference":
        return single - subset, np.zeros(single.shape, dtype=bool)
    size = single if scale == "error" else np.abs(single)
    return (single - subset) / np.maximum(size, floor), size < floor
