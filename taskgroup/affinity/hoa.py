"""Higher-order approximation: a larger subset's gains predicted from its pairs."""

from __future__ import annotations

from taskgroup.affinity.pairwise import PairGains
from taskgroup.spec import Subset


def predict_from_pairs(subset: Subset, pairs: PairGains) -> dict[str, float] | None:
    """Predict each target's value in a subset as the mean over its measured pairs within the subset.

    Returns:
        The value of every task; None where some task has no measured pair within the subset.

    Reference:
        Standley 2020, sec. 4.2 ("higher-order approximation").

    >>> pairs = {("a", "b"): 0.2, ("a", "c"): -0.1, ("b", "a"): 0.0, ("c", "a"): 0.1}
    >>> predict_from_pairs(("a", "b", "c"), pairs)
    {'a': 0.05, 'b': 0.0, 'c': 0.1}
    """
    predicted = {}
    for target in subset:
        known = [pairs[target, source] for source in subset if (target, source) in pairs]
        if not known:
            return None
        predicted[target] = sum(known) / len(known)
    return predicted
