"""Estimators that learn from measured gains, target by target, and their agreement on pairs left out.

What such an estimator sees of a target is who else was in each of its runs, and the gains.

Shape letters: n runs of a target, T tasks.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from taskgroup.affinity.agreement import Agreement, mean_agreement, rank_agreement
from taskgroup.spec import Subset, subset_from_name

Floats = NDArray[np.float64]

TargetEstimate = Callable[[Floats, Floats], Floats]
"""From who was there, 0 or 1, [n, T], and the gains [n] to the affinity of every source [T]; the target's own
column is 0."""


def estimate_targets(gains: pd.DataFrame, tasks: Subset, estimate: TargetEstimate) -> pd.DataFrame:
    """Apply an estimator to every target, [target, source].

    Args:
        gains: One row a joint run and task: target, subset, seed, gain.
        tasks: Rows and columns, in this order.
        estimate: Of one target.
    """
    rows = [estimate(*_runs_of(gains, target, tasks)) for target in tasks]
    return pd.DataFrame(rows, index=list(tasks), columns=list(tasks), dtype=float)


def left_out_agreement(gains: pd.DataFrame, tasks: Subset, estimate: TargetEstimate) -> Agreement | None:
    """Compare measured pairs with what all other subsets say about them, at all other seeds.

    Gains of one seed share their single-task baselines, and with these a part of their noise: subsets of the
    same seed would seem to foretell a pair better than they do. With one seed alone, that has to be borne.
    """
    seeds = gains["seed"].unique()
    if len(seeds) < 2:
        predicted = _without_the_pair(gains, tasks, estimate)
        return rank_agreement(predicted, mean_pairs(gains, tasks), kind="left_out_pairs")
    compared = (
        rank_agreement(
            _without_the_pair(gains[gains["seed"] != seed], tasks, estimate),
            mean_pairs(gains[gains["seed"] == seed], tasks),
            kind="left_out_pairs_and_seeds",
        )
        for seed in seeds
    )
    return mean_agreement(compared, kind="left_out_pairs_and_seeds")


def _without_the_pair(gains: pd.DataFrame, tasks: Subset, estimate: TargetEstimate) -> pd.DataFrame:
    """Every measured pair, [target, source], as the other subsets predict it."""
    predicted = pd.DataFrame(np.nan, index=list(tasks), columns=list(tasks))
    for target in tasks:
        members, values = _runs_of(gains, target, tasks)
        of_pairs = members.sum(axis=1) == 1
        for source in np.flatnonzero(members[of_pairs].any(axis=0)):
            others = ~(of_pairs & (members[:, source] == 1))
            predicted.loc[target, tasks[source]] = estimate(members[others], values[others])[source]
    return predicted


def mean_pairs(gains: pd.DataFrame, tasks: Subset) -> pd.DataFrame:
    """Mean gain of every measured pair, [target, source]."""
    return estimate_targets(gains, tasks, _means)


def _means(members: Floats, values: Floats) -> Floats:
    of_pairs = members.sum(axis=1) == 1
    n = members[of_pairs].sum(axis=0)
    total = values[of_pairs] @ members[of_pairs]
    return np.asarray(np.divide(total, n, out=np.full(len(n), np.nan), where=n > 0))


def _runs_of(gains: pd.DataFrame, target: str, tasks: Subset) -> tuple[Floats, Floats]:
    """Who was there and the gains, of one target."""
    own = gains[gains["target"] == target]
    sources = {
        name: [task in subset_from_name(name) and task != target for task in tasks]
        for name in own["subset"].unique()
    }
    members = np.array([sources[name] for name in own["subset"]], dtype=float).reshape(len(own), len(tasks))
    return members, own["gain"].to_numpy(dtype=float)
