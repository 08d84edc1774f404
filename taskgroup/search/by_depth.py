"""Affinity by depth from the runs that are there, whatever they were trained for."""

from __future__ import annotations

import math
from collections.abc import Sequence

import pandas as pd

from taskgroup.affinity import AffinityByDepth
from taskgroup.search.outcome import Outcome
from taskgroup.search.recipe import Recipe
from taskgroup.spec import Subset, subset_from_name


def affinity_by_depth_of(outcome: Outcome) -> AffinityByDepth | None:
    """What a study's runs say already; None where not all pairs were trained at two depths or more."""
    study = outcome.study
    if study.trainer is not None or outcome.recipes is None or outcome.runs.empty:
        return None
    runs = pairs_at_depths(outcome.runs, outcome.recipes.joint, outcome.settings["seeds"])
    tasks, n_pairs = study.main_tasks, math.comb(len(study.main_tasks), 2)
    runs = runs[~runs["subset"].map(lambda name: _rides(name, study.auxiliary_names)).astype(bool)]
    trained: pd.Series = runs.groupby("depth")["subset"].nunique()
    complete = [depth for depth in trained.index[trained == n_pairs].tolist() if depth > 0]
    runs = runs[runs["depth"].isin(complete)]
    if len(complete) < 2 or runs.groupby("depth")["gain"].count().min() == 0:
        return None
    found = runs.assign(floored=False)  # a column of the gains' own table, which nothing here asks for
    return AffinityByDepth.of_runs(found, tasks, n_blocks=study.model.n_blocks)


def _rides(subset: str, auxiliaries: Subset) -> bool:
    return any(task in auxiliaries for task in subset_from_name(subset))


def pairs_at_depths(runs: pd.DataFrame, joint: Recipe, seeds: Sequence[int]) -> pd.DataFrame:
    """The rows of pairs that were trained as joint networks are, but for the depth."""
    used = (
        (runs["n_tasks"] == 2)
        & runs["seed"].isin(list(seeds))
        & (runs["sharing"] == "hard")
        & (runs["weighting"] == joint.weighting)
        & (runs["learning_rate"] == joint.learning_rate)
        & (runs["weight_decay"] == joint.weight_decay)
        & (runs["fidelity"] == 1.0)
        & (runs["capacity"] == 1.0)
    )
    for column in ("sampling", "distillation"):
        used &= runs[column].fillna("") == getattr(joint, column)
    return runs[used]
