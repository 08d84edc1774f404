"""From the record's runs to tables: gains, transfer, affinity, reliability, cost of the stages."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import astuple, dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from taskgroup.affinity import pair_gains, predict_from_pairs
from taskgroup.search.arm import Arm
from taskgroup.search.recipe import WAY, Recipe, Recipes, way_in_words
from taskgroup.spec import RunResult, Sharing, Split, Study, Subset, Task, subset_from_name
from taskgroup.transfer import mean_gains, with_gains

GAIN_COLUMNS = ("strategy", "task", "subset", "gain", "low", "high")
_MIN_RANKED = 3


_SPEC_COLUMNS = (
    "run_id",
    "subset",
    "n_tasks",
    "seed",
    "sharing",
    "depth",
    "weighting",
    "learning_rate",
    "weight_decay",
    "fidelity",
    "capacity",
    "sampling",
    "distillation",
    "status",
)
_SCORE_COLUMNS = ("run_id", "task", "split", "value")


def results_frame(results: Iterable[RunResult]) -> pd.DataFrame:
    """Results in memory as a table like the record's, one row a run, task and split.

    A search decides on what it has asked for itself, never on what else the record holds: runs of a later
    stage, recorded before an interruption, must not change what a resumed search does on its way there.
    """
    runs, scores = [], []
    for number, result in enumerate(results):
        spec = result.spec
        way, steps = (*astuple(spec.sharing), spec.weighting), (spec.learning_rate, spec.weight_decay)
        settings = (*way, *steps, spec.fidelity, spec.capacity, spec.sampling, spec.distillation)
        runs.append((number, spec.subset_name, len(spec.subset), spec.seed, *settings, result.status))
        scores += [(number, s.task, s.split, s.value) for s in result.scores]
    frame = pd.DataFrame(runs, columns=list(_SPEC_COLUMNS))
    return frame.merge(pd.DataFrame(scores, columns=list(_SCORE_COLUMNS)), on="run_id", how="left")


def runs_with_gains(
    runs: pd.DataFrame, recipes: Recipes, study: Study, *, matched: Mapping[int, float] | None = None
) -> pd.DataFrame:
    """Pair every score with the single-task run of the same task, seed, split and length of training.

    The column `network` is added: the subset, and how it was trained where `recipes.joint` says otherwise.

    Args:
        runs: The record's table of runs.
        recipes: What the baselines were trained with.
        study: Its tasks.
        matched: The capacity of the baseline for each number of main tasks; by default baselines are of full
            size.
    """
    is_baseline = (runs["n_tasks"] == 1) & _uses(runs, recipes.single)
    named = runs.assign(network=_network_names(runs, recipes))
    return with_gains(named, is_baseline, study.main_tasks, matched=matched)


def comparable(runs: pd.DataFrame, recipes: Recipes, seeds: Iterable[int]) -> pd.DataFrame:
    """The joint runs under the joint recipe at the given seeds: what estimates may be made of."""
    return runs[_trained_by(runs, recipes.joint) & runs["seed"].isin(list(seeds))]


def in_any_way(runs: pd.DataFrame, recipes: Recipes, seeds: Sequence[int]) -> pd.DataFrame:
    """The joint runs at the given seeds that networks are compared by, with the column `way`.

    Beside the first way, networks count that were asked for at every seed; others were met while tuning.
    """
    found = []
    for way, recipe in enumerate(recipes.joint_ways):
        own = runs[_trained_by(runs, recipe) & runs["seed"].isin(list(seeds))]
        if way:
            own = own[own.groupby("subset")["seed"].transform("nunique") == len(seeds)]
        found.append(own.assign(way=way))
    return pd.concat(found, ignore_index=True)


def joint_gains(runs: pd.DataFrame) -> pd.DataFrame:
    """The validation gains of joint runs, one row a run and task: target, subset, seed, gain."""
    joint = runs[(runs["n_tasks"] > 1) & (runs["split"] == "validation") & runs["gain"].notna()]
    return joint.rename(columns={"task": "target"})[["target", "subset", "seed", "gain"]].reset_index(
        drop=True
    )


@dataclass(frozen=True)
class SeedNoise:
    """How much a subset's mean over seeds would change with other seeds, by task.

    Attributes:
        apart: Variance of the mean beyond what a seed does to all subsets alike, which cancels between
            subsets; empty without two subsets at two seeds.
        error: Standard error of the mean, pooled over subsets; empty without two seeds.
    """

    apart: dict[str, float]
    error: dict[str, float]


def seed_noise(runs: pd.DataFrame, column: str) -> SeedNoise:
    """Measure the noise of repeated runs.

    Args:
        runs: One row a run and task of the seeds that are compared: task, subset, seed and the column.
        column: What the mean is taken of.
    """
    ways = ["way"] if "way" in runs else []
    cells = runs.pivot_table(index=["task", "subset", *ways], columns="seed", values=column)
    apart, error = {}, {}
    for task in cells.index.unique("task"):
        values = cells.loc[task].to_numpy(dtype=float)
        count = np.isfinite(values).sum(axis=1)
        repeated, complete = values[count > 1], values[count == values.shape[1]]
        if len(repeated):
            squares = np.nanvar(repeated, axis=1, ddof=1) / count[count > 1]
            error[str(task)] = float(np.sqrt(squares.mean()))
        if min(complete.shape) > 1:
            apart[str(task)] = paired_noise(complete)
    return SeedNoise(apart, error)


def paired_noise(values: NDArray[np.float64]) -> float:
    """The variance of a row's mean beyond what each column does to all rows alike.

    Args:
        values: Shape [subsets, seeds], two or more of each.
    """
    n_subsets, n_seeds = values.shape
    rest = values - values.mean(axis=1, keepdims=True) - values.mean(axis=0) + values.mean()
    df = (n_subsets - 1) * (n_seeds - 1)
    return float(np.square(rest).sum() / df / n_seeds)


def measured_values(runs: pd.DataFrame, tasks: Subset) -> dict[Arm, dict[str, float]]:
    """Mean validation gains of every measured network, single tasks (0 by definition) included.

    Args:
        runs: From `in_any_way`.
        tasks: The main tasks.
    """
    values: dict[Arm, dict[str, float]] = {Arm((task,)): {task: 0.0} for task in tasks}
    for way in sorted(set(runs["way"])):
        gains = mean_gains(runs[runs["way"] == way])
        for target, subset, gain in zip(gains["target"], gains["subset"], gains["gain"], strict=True):
            values.setdefault(Arm(subset_from_name(subset), way), {})[target] = float(gain)
    return values


def reliability_table(transfer: pd.DataFrame, *, riding: Subset = ()) -> pd.DataFrame:
    """Pair-based prediction against measured gain in every measured subset of three or more tasks.

    Args:
        transfer: From `transfer_table`.
        riding: Auxiliary tasks, which are predicted nowhere.
    """
    pairs = pair_gains(transfer)
    rows = []
    for row in transfer[transfer["n_tasks"] > 2].itertuples(index=False):
        predicted = predict_from_pairs(subset_from_name(str(row.subset)), pairs, riding=riding)
        if predicted is not None:
            rows.append((row.target, row.subset, predicted[str(row.target)], row.gain))
    return pd.DataFrame(rows, columns=["target", "subset", "predicted", "measured"])


def rank_correlation(reliability: pd.DataFrame) -> float | None:
    """Spearman's correlation of prediction and measurement; None where there is too little to rank."""
    both = reliability[["predicted", "measured"]]
    if reliability["subset"].nunique() < _MIN_RANKED or (both.nunique() < 2).any():
        return None
    return float(both["predicted"].corr(both["measured"], method="spearman"))


def stage_table(runs: pd.DataFrame) -> pd.DataFrame:
    """What each stage trained: stage, runs, failed, seconds and their share, in the order of the stages."""
    once = runs.drop_duplicates("run_id")
    table = (
        once.assign(failed=once["status"] != "ok")
        .groupby("stage", sort=False)
        .agg(runs=("run_id", "size"), failed=("failed", "sum"), seconds=("seconds", "sum"))
        .reset_index()
    )
    total = table["seconds"].sum()
    return table.assign(share=table["seconds"] / total if total > 0 else 0.0)


def task_values(runs: pd.DataFrame, split: Split) -> dict[tuple[str, str, int], float]:
    """Scores by (network, task, seed) on one split; without that column by subset."""
    chosen = runs[runs["split"] == split]
    networks = chosen["network"] if "network" in chosen else chosen["subset"]
    places = zip(networks, chosen["task"], chosen["seed"], strict=True)
    return dict(zip(places, chosen["value"], strict=True))


def importance(tasks: Sequence[Task]) -> dict[str, float]:
    """Each task's weight in the mean gain."""
    return {task.name: task.importance for task in tasks}


def _network_names(runs: pd.DataFrame, recipes: Recipes) -> pd.Series:
    """As `Recipes.arm_name`, of networks trained in any way."""
    names = runs["subset"].copy()
    joint = runs["n_tasks"] > 1
    ways: dict[Any, pd.Index] = runs[joint].groupby(list(WAY), sort=False).groups
    for (kind, depth, *others), of_way in ways.items():
        words = way_in_words(Sharing(kind, depth), *others, in_full=True)
        if words != recipes.joint.way_in_full:
            names[of_way] = names[of_way] + f" ({words})"
    return names


def _trained_by(runs: pd.DataFrame, recipe: Recipe) -> pd.Series:
    return (runs["n_tasks"] > 1) & _uses(runs, recipe) & (runs["fidelity"] == recipe.fidelity)


def _uses(runs: pd.DataFrame, recipe: Recipe) -> pd.Series:
    return (
        (runs["learning_rate"] == recipe.learning_rate)
        & (runs["weight_decay"] == recipe.weight_decay)
        & (runs["sharing"] == recipe.sharing.kind)
        & (runs["depth"] == recipe.sharing.depth)
        & (runs["weighting"] == recipe.weighting)
        & (runs["sampling"] == recipe.sampling)
        & (runs["distillation"] == recipe.distillation)
    )
