"""Losses of classification, summed over members and rows.

Each takes logits and targets ``[M, n, C]`` and weights ``[M, n]``; it returns the sum and its derivative by
the logits ``[M, n, C]``.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy import special

Floats = NDArray[np.float64]
Loss = Callable[[Floats, Floats, Floats], tuple[float, Floats]]


def logistic(logits: Floats, y: Floats, weight: Floats) -> tuple[float, Floats]:
    """Log loss of binary labels."""
    w = weight[:, :, None]
    value = float((w * (np.logaddexp(0.0, logits) - y * logits)).sum())
    return value, w * (special.expit(logits) - y)


def softmax(logits: Floats, y: Floats, weight: Floats) -> tuple[float, Floats]:
    """Log loss of one-hot classes."""
    log_p = special.log_softmax(logits, axis=2)
    w = weight[:, :, None]
    return -float((w * y * log_p).sum()), w * (np.exp(log_p) - y)


LOSSES: dict[str, Loss] = {"logistic": logistic, "softmax": softmax}
CURVATURE = {"logistic": 0.25, "softmax": 0.25}
"""The greatest second derivative by a logit."""
