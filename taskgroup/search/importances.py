"""Which settings of joint training matter: how much each decides whether a recipe is among the best.

The importances are Optuna's (PED-ANOVA, Watanabe 2023), computed on the record's runs of all tasks together,
which differ in nothing but their settings and seeds. They say how far good recipes agree on a setting, and
not in which direction. Their sum is 1 whether a setting matters or not: of 10 to 30 simulated recipes whose
gains were pure noise, one of four settings had more than half of it in most cases.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from taskgroup.search.dimensions import Choice, open_dimensions, settings_of
from taskgroup.search.recipe import WAY, Recipe
from taskgroup.spec import Sharing, Study, subset_name

IMPORTANCE_COLUMNS = ("setting", "importance", "n_values", "n_recipes", "best")
_FEWEST = 10


def importance_table(runs: pd.DataFrame, study: Study) -> pd.DataFrame:
    """The importance of every setting that was tuned for all tasks together.

    Args:
        runs: The record's runs with gains.
        study: What was left open.

    Returns:
        `IMPORTANCE_COLUMNS`, most important first: the share of what all settings tell together, the values
        that were tried, the recipes measured, and the value of the best of them. Settings that fewer than
        ten recipes have, or that had one value, are left out, as the weights of tasks where few recipes
        weight by them. Empty with fewer than ten recipes or with one open setting.
    """
    dimensions = open_dimensions(study, joint=True)
    told = _recipes_with_gains(runs, study) if len(dimensions) > 1 and len(runs) else []
    if len(told) < _FEWEST:
        return pd.DataFrame(columns=list(IMPORTANCE_COLUMNS))
    from taskgroup.search.space import importances_of  # Optuna takes a second to load

    settings = [settings_of(recipe, study) for recipe, _ in told]
    gains = [gain for _, gain in told]
    best = settings[int(np.argmax(gains))]
    importances = importances_of(study, told)
    rows: list[tuple[Any, ...]] = []
    for name, importance in importances.items():
        dimension = next(d for d in dimensions if d.name == name)
        tried = [values[name] for values in settings if name in values and dimension.applies(values)]
        n_values = len(set(tried))
        if len(tried) < _FEWEST or n_values < 2:
            continue
        shown = best.get(name) if dimension.applies(best) else None
        value = shown if isinstance(dimension, Choice) or shown is None else f"{shown:.2g}"
        rows.append((name, importance, n_values, len(told), value))
    table = pd.DataFrame(rows, columns=list(IMPORTANCE_COLUMNS))
    return table.assign(importance=table["importance"] / (table["importance"].sum() or 1.0))


def _recipes_with_gains(runs: pd.DataFrame, study: Study) -> list[tuple[Recipe, float]]:
    """Each recipe of all main tasks together with its mean validation gain over tasks and seeds."""
    everything = runs[
        (runs["subset"] == subset_name(study.main_names))
        & (runs["split"] == "validation")
        & (runs["fidelity"] == 1.0)
        & np.isfinite(runs["gain"].astype(float))
    ]
    columns = ["learning_rate", "weight_decay", *WAY]
    means = everything.groupby(columns, sort=False)["gain"].mean().reset_index()
    return [
        (Recipe(rate, decay, Sharing(kind, depth), weighting, 1.0, sampling, taught), float(gain))
        for rate, decay, kind, depth, weighting, sampling, taught, gain in means.itertuples(index=False)
    ]
