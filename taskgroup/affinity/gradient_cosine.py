"""Gradient cosine: whether two tasks pull the shared blocks the same way, averaged over a joint training.

Reference:
    Yu 2020 (PCGrad), def. 1: tasks conflict where the cosine is negative; Fifty 2021 compares it as an
    affinity.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from taskgroup.affinity.checkpoints import Floats, mean_over_checkpoints

if TYPE_CHECKING:  # reading a stored matrix must not load torch
    from taskgroup.training import JointProbe


def gradient_cosine(probes: Sequence[JointProbe]) -> pd.DataFrame:
    """Average `<g_t, g_s> / (|g_t| |g_s|)` over checkpoints; symmetric.

    Args:
        probes: One joint training a seed.

    Returns:
        [target t, source s], between -1 and 1.
    """
    return mean_over_checkpoints(probes, _cosines)


def _cosines(probe: JointProbe) -> Floats:
    length = np.sqrt(np.diagonal(probe.products, axis1=1, axis2=2))
    cosines: Floats = probe.products / (length[:, :, None] * length[:, None, :])
    return cosines
