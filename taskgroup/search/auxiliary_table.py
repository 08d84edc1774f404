"""What each auxiliary task did for each main task that it trained beside."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from taskgroup.spec import Subset, subset_from_name, subset_name
from taskgroup.transfer import moderated_means, q_values

AUXILIARY_COLUMNS = (
    "auxiliary",
    "target",
    "subset",
    "beside",
    "gain",
    "low",
    "high",
    "p_value",
    "q_value",
    "n_seeds",
)

Gains = Mapping[tuple[str, str], pd.Series]
"""Gain of a target in a network by seed."""


def auxiliary_table(compared: pd.DataFrame, auxiliary: Subset) -> pd.DataFrame:
    """Every network with an auxiliary task against the same network without it, at the same seeds.

    Args:
        compared: The joint runs in the first way, with gains.
        auxiliary: The auxiliary tasks.

    Returns:
        One row an auxiliary task, target and network, `AUXILIARY_COLUMNS`: `subset` is the network with the
        auxiliary task and `beside` the one without, for a pair the target alone. The gain is the mean
        difference of the target's validation gains, with a moderated interval and a q-value over all rows.
        Single tasks have settings of their own (`Recipes.single`): for a pair the gain is also what the
        settings of joint training do for the target. Larger networks differ in the auxiliary task alone.
    """
    shown = compared[(compared["split"] == "validation") & compared["gain"].notna()]
    gains = {
        (str(target), str(subset)): own.set_index("seed")["gain"]
        for (target, subset), own in shown.groupby(["task", "subset"], sort=False)
    }
    rows, cells = [], []
    for target, subset in gains:
        members = subset_from_name(subset)
        for name in (task for task in members if task in auxiliary):
            beside = subset_name(tuple(task for task in members if task != name))
            differences = _added(gains, target, subset, beside)
            if len(differences):
                rows.append((name, target, subset, beside))
                cells.append(differences)
    found = moderated_means(cells, [row[1] for row in rows])
    table = pd.DataFrame(rows, columns=list(AUXILIARY_COLUMNS[:4])).assign(
        gain=found.mean,
        low=found.low,
        high=found.high,
        p_value=found.p_value,
        q_value=q_values(found.p_value),
        n_seeds=found.n,
    )
    order = table["auxiliary"].map({name: place for place, name in enumerate(auxiliary)})
    size = table["subset"].map(lambda name: len(subset_from_name(name)))
    sorting = table.assign(order=order, size=size).sort_values(["order", "target", "size"], kind="stable")
    return table.loc[sorting.index].reset_index(drop=True)


def _added(gains: Gains, target: str, subset: str, beside: str) -> NDArray[np.float64]:
    """What the auxiliary task added at each seed; a target alone gains nothing over itself."""
    joint = gains[target, subset]
    if beside == target:
        return joint.to_numpy(dtype=float)
    if (target, beside) not in gains:
        return np.zeros(0)
    return (joint - gains[target, beside]).dropna().to_numpy(dtype=float)
