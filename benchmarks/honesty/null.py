"""Data sets on which nothing helps or hurts: how many of them get a flag all the same."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from benchmarks.honesty.share import share
from benchmarks.honesty.simulated import SimulatedStudy
from taskgroup.search.analysis import in_any_way, measured_values
from taskgroup.search.confirm import Confirmation, decide, serving_of
from taskgroup.search.serving import Serving
from taskgroup.transfer import FLAG_LEVEL, q_values, transfer_table

_SEARCHED, _FRESH = (0, 1), (2, 3, 4)


def false_flags(data_sets: Iterable[pd.DataFrame], n_seeds: int) -> dict[str, Any]:
    """Shares of data sets with flags, and of cells whose interval misses zero.

    Args:
        data_sets: Runs with gains that are truly zero.
        n_seeds: Seeds that are looked at.
    """
    tables = [transfer_table(runs[runs["seed"] < n_seeds]) for runs in data_sets]
    flagged = [table[table["q_value"] < FLAG_LEVEL]["gain"] for table in tables]
    cells = pd.concat(tables)
    return {
        "any": share(len(gains) > 0 for gains in flagged),
        "negative": share(bool((gains < 0).any()) for gains in flagged),
        "positive": share(bool((gains > 0).any()) for gains in flagged),
        "covered": float(((cells["low"] <= 0) & (cells["high"] >= 0)).mean()),
        "mean_gain": float(cells["gain"].mean()),
        "cells": len(cells),
    }


def false_recommendations(data_sets: Iterable[tuple[SimulatedStudy, pd.DataFrame]]) -> list[bool]:
    """Whether each data set's search says that a grouping beats the better baseline, where none can.

    Args:
        data_sets: Studies and their runs with gains that are truly zero, at five seeds: two to find the best
            groupings, three to confirm them.
    """
    found = []
    for simulated, runs in data_sets:
        study = simulated.study
        serving = Serving(study, simulated.recipes, simulated.n_inputs)
        values = measured_values(in_any_way(runs, simulated.recipes, _SEARCHED), study.task_names)
        baselines = serving.baselines()
        confirmation = Confirmation(runs[runs["seed"].isin(_FRESH)], study.tasks, _FRESH)
        affordable = dict.fromkeys(baselines, True)
        decision = decide(serving.finalists(values, 2), baselines, affordable, confirmation, study)
        found.append(decision.serving not in [serving_of(baseline) for baseline in baselines.values()])
    return found


def with_effects(
    runs: pd.DataFrame, effect: float, rng: np.random.Generator
) -> tuple[pd.DataFrame, pd.Series]:
    """Plant true gains in data without any.

    Args:
        runs: Runs with gains that are truly zero.
        effect: Size of each planted gain, in between-seed standard deviations of its target's gains.
        rng: Chooses the cells, three in ten, and the signs.

    Returns:
        The runs with other gains, and the planted gain by (target, subset), 0 for most.
    """
    joint = runs[(runs["n_tasks"] > 1) & (runs["split"] == "validation")]
    by_cell = joint.groupby(["task", "subset"], sort=False)["gain"].var()
    spread = by_cell.groupby(level="task").mean() ** 0.5
    chosen = rng.random(len(by_cell)) < 0.3
    sign = rng.choice([-1.0, 1.0], len(by_cell))
    planted = (
        pd.Series(chosen * sign * effect, index=by_cell.index)
        * spread.reindex(by_cell.index.get_level_values("task")).to_numpy()
    )
    places = pd.MultiIndex.from_frame(runs[["task", "subset"]])
    shift = planted.reindex(places).fillna(0.0).to_numpy()
    return runs.assign(gain=runs["gain"] + shift), planted


def power(data_sets: Iterable[pd.DataFrame], effect: float, n_seeds: int) -> dict[str, Any]:
    """How many planted gains are flagged with their sign, and how many flags are wrong.

    `plain` is the power of a t-test of each cell by itself, corrected in the same way.
    """
    hits: list[bool] = []
    plain: list[bool] = []
    false_share: list[float] = []
    for number, runs in enumerate(data_sets):
        changed, planted = with_effects(runs, effect, np.random.default_rng([number, round(100 * effect)]))
        seen = changed[changed["seed"] < n_seeds]
        table = transfer_table(seen).set_index(["target", "subset"])
        true = planted.loc[table.index]
        flagged = table["q_value"] < FLAG_LEVEL
        right = flagged & (np.sign(table["gain"]) == np.sign(true))
        hits += right[true != 0].tolist()
        plain += (_plain_q_values(seen).loc[table.index] < FLAG_LEVEL)[true != 0].tolist()
        false_share.append(float((flagged & ~right).sum() / max(flagged.sum(), 1)))
    return {
        "effect": effect,
        "seeds": n_seeds,
        "power": share(hits),
        "plain": share(plain),
        "false": float(np.mean(false_share)),
    }


def _plain_q_values(runs: pd.DataFrame) -> pd.Series:
    """What t-tests of single cells give, by (target, subset)."""
    joint = runs[(runs["n_tasks"] > 1) & (runs["split"] == "validation")]
    cells = joint.groupby(["task", "subset"])["gain"].agg(["mean", "sem", "count"])
    p_values = 2 * stats.t.sf((cells["mean"] / cells["sem"]).abs(), cells["count"] - 1)
    return pd.Series(q_values(p_values), index=cells.index)
