"""Subset regression: which members of a subset explain its gains.

Every target gets a linear surrogate of its measured gains on who else is in the subset,
`gain[target, S] = intercept + sum of theta[source] over the sources in S`, fitted to all measured subsets,
pairs and larger ones alike. The affinity of a source is the surrogate's prediction for the pair.

The intercept, which the reference does not have, takes up what any joint training does to the target; there
all fitted subsets have one size, so that it would change nothing.

Reference:
    Li 2023 (task modelling by surrogates): linear surrogate on membership indicators, least squares.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from taskgroup.affinity.agreement import Agreement
from taskgroup.affinity.left_out import estimate_targets, left_out_agreement
from taskgroup.affinity.ridge import ridge
from taskgroup.spec import Subset

Floats = NDArray[np.float64]


def subset_regression(gains: pd.DataFrame, tasks: Subset) -> pd.DataFrame:
    """Estimate [target, source] from every measured subset; NaN for sources never trained with the target.

    Args:
        gains: One row a joint run and task: target, subset, seed, gain.
        tasks: Rows and columns, in this order.
    """
    return estimate_targets(gains, tasks, linear_in_members)


def held_out(gains: pd.DataFrame, tasks: Subset) -> Agreement | None:
    """Agreement on pairs, each predicted from all other subsets at other seeds."""
    return left_out_agreement(gains, tasks, linear_in_members)


def linear_in_members(members: Floats, gains: Floats, *, mean: bool = False) -> Floats:
    """Predict a target's gain beside each single source, [T].

    Args:
        members: Who else was in each run, 0 or 1, [n, T].
        gains: The target's gains, [n].
        mean: Whether members count by their share of the run's sources, instead of each by one.
    """
    if not len(members):
        return np.full(members.shape[1], np.nan)
    design = members / members.sum(axis=1, keepdims=True) if mean else members
    intercept, coefficients = ridge(design, gains)
    return np.where(members.any(axis=0), intercept + coefficients, np.nan)
