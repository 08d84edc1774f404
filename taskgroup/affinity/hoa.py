"""Higher-order approximation: a larger subset's gains are the means over its pairs, used in both directions.

Forwards, measured pairs predict larger subsets (`predict_from_pairs`). Backwards, the gains of all measured
subsets tell which affinities of pairs explain them (`higher_order`), those of pairs never trained included.

Reference:
    Standley 2020, sec. 4.2; the way back is a least-squares fit of the same model.
"""

from __future__ import annotations

from collections.abc import Collection
from functools import partial

import pandas as pd

from taskgroup.affinity.agreement import Agreement
from taskgroup.affinity.left_out import estimate_targets, left_out_agreement
from taskgroup.affinity.pairwise import PairGains
from taskgroup.affinity.subset_regression import linear_in_members
from taskgroup.spec import Subset

_MEAN_OF_PAIRS = partial(linear_in_members, mean=True)


def higher_order(gains: pd.DataFrame, tasks: Subset) -> pd.DataFrame:
    """Estimate [target, source] from every measured subset; NaN for sources never trained with the target.

    Args:
        gains: One row a joint run and task: target, subset, seed, gain.
        tasks: Rows and columns, in this order.
    """
    return estimate_targets(gains, tasks, _MEAN_OF_PAIRS)


def held_out(gains: pd.DataFrame, tasks: Subset) -> Agreement | None:
    """Agreement on pairs, each predicted from all other subsets at other seeds."""
    return left_out_agreement(gains, tasks, _MEAN_OF_PAIRS)


def predict_from_pairs(
    subset: Subset, pairs: PairGains, *, riding: Collection[str] = ()
) -> dict[str, float] | None:
    """Predict each target's value in a subset as the mean over its measured pairs within the subset.

    Args:
        subset: The tasks.
        pairs: What was measured.
        riding: Tasks that are no targets.

    Returns:
        The value of every task; None where some task has no measured pair within the subset.

    Reference:
        Standley 2020, sec. 4.2 ("higher-order approximation").

    >>> pairs = {("a", "b"): 0.2, ("a", "c"): -0.1, ("b", "a"): 0.0, ("c", "a"): 0.1}
    >>> predict_from_pairs(("a", "b", "c"), pairs)
    {'a': 0.05, 'b': 0.0, 'c': 0.1}
    """
    predicted = {}
    for target in (task for task in subset if task not in riding):
        known = [pairs[target, source] for source in subset if (target, source) in pairs]
        if not known:
            return None
        predicted[target] = sum(known) / len(known)
    return predicted
