"""Numbers that networks read, brought to mean 0 and standard deviation 1 over the training rows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Float64 = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Numbers:
    """What networks read of each row, and how it came from the data.

    Attributes:
        features: ``[N, D]`` float32.
        offset: ``[D]``; ``features * scale + offset`` is in the data's units.
        scale: ``[D]``.
    """

    features: npt.NDArray[np.float32]
    offset: Float64
    scale: Float64


def standardisation(values: npt.NDArray[np.floating]) -> tuple[Float64, Float64]:
    """Mean and standard deviation of each column ``[n, D]``; the latter is 1 where a column is constant.

    >>> standardisation(np.array([[1.0, 5.0], [3.0, 5.0]]))
    (array([2., 5.]), array([1., 1.]))
    """
    mean, std = values.mean(axis=0, dtype=np.float64), values.std(axis=0, dtype=np.float64)
    # Rounding in the mean leaves a constant column with a tiny standard deviation, not with zero.
    return mean, np.where((values == values[0]).all(axis=0), 1.0, std)
