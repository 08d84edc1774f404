"""Affinity as measured: the gain of every trained pair."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from taskgroup.affinity.agreement import Agreement, mean_agreement, rank_agreement
from taskgroup.affinity.left_out import mean_pairs
from taskgroup.affinity.matrix import AffinityMatrix
from taskgroup.spec import Subset, subset_from_name

PairGains = Mapping[tuple[str, str], float]
"""Gain by (target, source)."""

_STATISTICS = {"estimate": "gain", "low": "low", "high": "high", "q_value": "q_value", "n_runs": "n_seeds"}


def pairwise(
    transfer: pd.DataFrame,
    tasks: Subset,
    *,
    gains: pd.DataFrame | None = None,
    targets: Subset | None = None,
) -> AffinityMatrix:
    """Arrange the pairs of a transfer table as a matrix [target, source].

    Args:
        transfer: One row a measured (target, subset); larger subsets are left out.
        tasks: Columns, and rows, in this order.
        gains: One row a joint run and task (target, subset, seed, gain), for the agreement between seeds.
        targets: The rows, where some tasks are sources alone.
    """
    rows = list(tasks if targets is None else targets)
    frames = {name: pd.DataFrame(np.nan, index=rows, columns=list(tasks)) for name in _STATISTICS}
    pairs = transfer[transfer["n_tasks"] == 2]
    for row in pairs.itertuples(index=False):
        (source,) = (name for name in subset_from_name(str(row.subset)) if name != row.target)
        for name, column in _STATISTICS.items():
            frames[name].loc[row.target, source] = float(getattr(row, column))
    n_seeds = pairs.drop_duplicates("subset")["n_seeds"].sum() if len(pairs) else 0
    agreement = None if gains is None else between_seeds(gains, tasks)
    return AffinityMatrix(
        estimate=frames["estimate"],
        low=frames["low"],
        high=frames["high"],
        q_value=frames["q_value"],
        n_runs=frames["n_runs"],
        estimator="pairwise",
        cost_runs=int(n_seeds),
        agreement=agreement,
    )


def pair_gains(transfer: pd.DataFrame) -> dict[tuple[str, str], float]:
    """The gains of the measured pairs by (target, source)."""
    pairs = transfer[transfer["n_tasks"] == 2]
    gains = {}
    for target, subset, gain in zip(pairs["target"], pairs["subset"], pairs["gain"], strict=True):
        (source,) = (name for name in subset_from_name(subset) if name != target)
        gains[target, source] = float(gain)
    return gains


def between_seeds(gains: pd.DataFrame, tasks: Subset) -> Agreement | None:
    """How well pairs measured at some seeds rank those of another: how much of the order is noise.

    Every seed is compared with the mean of the others; the figures are averaged over seeds.

    Args:
        gains: One row a joint run and task: target, subset, seed, gain.
        tasks: Rows and columns, in this order.
    """
    compared = (
        rank_agreement(
            mean_pairs(gains[gains["seed"] != seed], tasks),
            mean_pairs(gains[gains["seed"] == seed], tasks),
            kind="between_seeds",
        )
        for seed in gains["seed"].unique()
    )
    return mean_agreement(compared, kind="between_seeds")
