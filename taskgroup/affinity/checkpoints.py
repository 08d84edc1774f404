"""Averages over the checkpoints of joint trainings, where batches may lack labels of a task."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

if TYPE_CHECKING:  # reading a stored matrix must not load torch
    from taskgroup.training import JointProbe

Floats = NDArray[np.float64]


def mean_over_checkpoints(
    probes: Sequence[JointProbe], values: Callable[[JointProbe], Floats]
) -> pd.DataFrame:
    """Average a statistic over the checkpoints of each seed, then over seeds.

    Args:
        probes: One joint training a seed, all of the same tasks.
        values: The statistic [C, target, source] of one training; what is not finite is left out.

    Returns:
        [target, source]; NaN where no batch held labels of both tasks.
    """
    with np.errstate(divide="ignore", invalid="ignore"), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Mean of empty slice")
        by_seed = [np.nanmean(_finite(values(probe)), axis=0) for probe in probes]
        mean = np.nanmean(by_seed, axis=0)
    tasks = list(probes[0].tasks)
    return pd.DataFrame(mean, index=tasks, columns=tasks)


def _finite(values: Floats) -> Floats:
    return np.where(np.isfinite(values), values, np.nan)
