"""What another way of joint training, or another length of it, did to the networks that were tried in it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import astuple

import pandas as pd

from taskgroup.search.recipe import WAY, Recipes
from taskgroup.transfer import moderated_means, q_values

WAY_COLUMNS = (
    "subset",
    "n_tasks",
    *WAY,
    "advantage",
    "low",
    "high",
    "p_value",
    "q_value",
    "n_seeds",
)
_MIN_RANKED = 3


def way_table(compared: pd.DataFrame, recipes: Recipes, importance: Mapping[str, float]) -> pd.DataFrame:
    """Networks in other ways at full length against the same subset in the first way, at the same seeds.

    A search tries other ways of the subsets that did well in the first one, at these very seeds. Their luck
    is on the first way's side: an advantage is understated, and "worse" is claimed more often than the
    q-values say (in a simulated null of 25 subsets in 8 to 19 of 100 studies).

    Args:
        compared: From `in_any_way`.
        recipes: The ways.
        importance: Weight of each task.

    Returns:
        One row a network, `WAY_COLUMNS`: the importance-weighted mean over its tasks of the difference of
        validation gains, with a moderated interval and a q-value over all rows.
    """
    by_way = _mean_gains(compared, importance, ["subset", "n_tasks", "seed"])
    rows, cells = [], []
    for way in recipes.ways.serving[1:]:
        if way not in by_way:
            continue
        recipe = recipes.joint_ways[way]
        apart = (by_way[way] - by_way[0]).dropna()
        for (subset, n_tasks), by_seed in apart.groupby(["subset", "n_tasks"], sort=False):
            sharing, helps = astuple(recipe.sharing), (recipe.sampling, recipe.distillation)
            rows.append((subset, n_tasks, *sharing, recipe.weighting, *helps))
            cells.append(by_seed.to_numpy(dtype=float))
    found = moderated_means(cells, [row[2:] for row in rows])
    estimate = {
        "advantage": found.mean,
        "low": found.low,
        "high": found.high,
        "p_value": found.p_value,
        "q_value": q_values(found.p_value),
        "n_seeds": found.n,
    }
    return pd.DataFrame(rows, columns=["subset", "n_tasks", *WAY]).assign(**estimate)


def short_run_agreement(compared: pd.DataFrame, recipes: Recipes) -> dict[float, tuple[float, int]]:
    """How short runs rank what full ones rank.

    Args:
        compared: From `in_any_way`.
        recipes: The ways.

    Returns:
        By fidelity, Spearman's correlation of the mean validation gains of every (target, network) measured
        at both lengths, and the number of networks; nothing for a fidelity with too few to rank.
    """
    by_way = _mean_gains(compared, None, ["subset", "task"])
    found = {}
    for fidelity in recipes.fidelities:
        pairs = [
            (by_way[way], by_way[full])
            for way, full in enumerate(recipes.ways.full)
            if recipes.joint_ways[way].fidelity == fidelity and {way, full} <= set(by_way)
        ]
        both = [pd.DataFrame({"short": short, "full": full}).dropna() for short, full in pairs]
        n_networks = sum(part.index.unique("subset").size for part in both)
        if n_networks >= _MIN_RANKED:
            ranked = pd.concat(both)
            found[fidelity] = float(ranked["short"].corr(ranked["full"], method="spearman")), n_networks
    return found


def _mean_gains(
    compared: pd.DataFrame, importance: Mapping[str, float] | None, index: list[str]
) -> pd.DataFrame:
    """Mean validation gains, weighted by importance, with a column a way."""
    shown = compared[(compared["split"] == "validation") & compared["gain"].notna()]
    weight = 1.0 if importance is None else shown["task"].map(dict(importance)).astype(float)
    parts = shown.assign(weight=weight, weighted=weight * shown["gain"])
    totals, weights = (
        parts.pivot_table(index=index, columns="way", values=name, aggfunc="sum", sort=False)
        for name in ("weighted", "weight")
    )
    return totals / weights
