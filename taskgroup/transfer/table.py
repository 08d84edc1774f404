"""Measured transfer as tables: a gain for every score, then one row a (target, subset) with its interval.

Both functions take the record's table of runs: one row a run, task and split, with the columns run_id, stage,
subset, n_tasks, seed, fidelity, status, task, split, value and the settings of the run.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from taskgroup.spec import Split, Task, subset_from_name
from taskgroup.transfer.gain import relative_gain
from taskgroup.transfer.moderated import Moderated, moderated_means
from taskgroup.transfer.multiplicity import FLAG_LEVEL, q_values

BASELINE = "single_task"
MATCHED_BASELINE = "single_task_matched"
TRANSFER_COLUMNS = (
    "target",
    "subset",
    "n_tasks",
    "gain",
    "low",
    "high",
    "p_value",
    "q_value",
    "n_seeds",
    "baseline",
    "floored",
)
_PAIR = ["task", "seed", "split", "fidelity", "capacity"]


def with_gains(
    runs: pd.DataFrame,
    is_baseline: pd.Series,
    tasks: Sequence[Task],
    *,
    matched: Mapping[int, float] | None = None,
) -> pd.DataFrame:
    """Add `gain` and `floored`: every score against the single-task run of its task, seed and split.

    Gains over capacity-matched baselines say what sharing does apart from size. They are no measure to choose
    a grouping by: subsets of different sizes have different baselines, and a task alone has none of them.

    Args:
        runs: The record's table of runs; without a column `capacity` all are of full size.
        is_baseline: Which rows belong to single-task baseline runs.
        tasks: Give each score its error.
        matched: The capacity of the baseline for each number of these tasks in a subset
            (`taskgroup.spec.matched_capacity`), 1 for one; by default baselines are of full size.

    Returns:
        The rows of `runs` with the two columns; gain is NaN where there is no baseline to pair with.
    """
    (scale,) = {task.score.gain_scale for task in tasks}
    floors = {task.name: task.score.floor for task in tasks}
    floor = runs["task"].map(floors).to_numpy(dtype=float)
    errors = _errors(runs, tasks)
    paired = runs.assign(capacity=_baseline_capacity(runs, tasks, matched))
    pairs = paired.groupby(_PAIR, sort=False).ngroup().fillna(-1).to_numpy(dtype=int)  # -1: failed, no task
    single = np.full(pairs.max(initial=-1) + 2, np.nan)
    baseline = np.flatnonzero(is_baseline.to_numpy() & (pairs >= 0))[::-1]  # of several the first counts
    single[pairs[baseline]] = errors[baseline]
    gain, floored = relative_gain(single[pairs], errors, scale=scale, floor=floor)
    return runs.assign(gain=gain, floored=floored)


def transfer_table(
    runs: pd.DataFrame, *, split: Split = "validation", baseline: str = BASELINE
) -> pd.DataFrame:
    """Estimate every measured (target, subset) with a moderated interval; q-values over all of them.

    Args:
        runs: Rows with gains; single-task runs and other splits are left out.
        split: The rows that gains are measured on.
        baseline: What the gains are over, `BASELINE` or `MATCHED_BASELINE`; named in every row.
    """
    cells, estimate = measured_cells(runs, split)
    table = pd.DataFrame(
        {
            "target": cells["task"],
            "subset": cells["subset"],
            "n_tasks": cells["n_tasks"],
            "gain": estimate.mean,
            "low": estimate.low,
            "high": estimate.high,
            "p_value": estimate.p_value,
            "q_value": q_values(estimate.p_value),
            "n_seeds": estimate.n,
            "baseline": baseline,
            "floored": cells["floored"],
        },
        columns=list(TRANSFER_COLUMNS),
    )
    return table.astype({"n_tasks": int, "n_seeds": int, "floored": bool})


def measured_cells(runs: pd.DataFrame, split: Split) -> tuple[pd.DataFrame, Moderated]:
    """Every measured (task, subset), in order of appearance, and its moderated mean gain.

    Args:
        runs: Rows with gains.
        split: The rows that gains are measured on.
    """
    cells, values = _cells(_joint_gains(runs, split))
    return cells, moderated_means(values, cells["task"].tolist())


def mean_gains(runs: pd.DataFrame, *, split: Split = "validation") -> pd.DataFrame:
    """The gains of `transfer_table` alone, target, subset and gain, for who needs no intervals."""
    means = _joint_gains(runs, split).groupby(["task", "subset"], sort=False)["gain"].mean()
    return means.rename_axis(["target", "subset"]).reset_index()


def negative_transfer(table: pd.DataFrame) -> pd.DataFrame:
    """The cells of a transfer table that hurt beyond seed noise: gain below zero at q < 0.05, worst first."""
    flagged = table[(table["gain"] < 0) & (table["q_value"] < FLAG_LEVEL)]
    return flagged.sort_values("gain").reset_index(drop=True)


def _baseline_capacity(
    runs: pd.DataFrame, tasks: Sequence[Task], matched: Mapping[int, float] | None
) -> pd.Series:
    """The capacity of the single-task run that each row is compared with: a single-task run's is its own."""
    full = pd.Series(1.0, index=runs.index)
    own = runs.get("capacity", full)
    wanted = full if matched is None else _n_served(runs, tasks).map({1: 1.0, **matched})
    return own.where(runs["n_tasks"] == 1, wanted)


def _n_served(runs: pd.DataFrame, tasks: Sequence[Task]) -> pd.Series:
    """How many of the tasks each run's subset holds; the others only ride along."""
    names = {task.name for task in tasks}
    counts = {name: len(names.intersection(subset_from_name(name))) for name in runs["subset"].unique()}
    return runs["subset"].map(counts)


def _joint_gains(runs: pd.DataFrame, split: Split) -> pd.DataFrame:
    return runs[(runs["n_tasks"] > 1) & (runs["split"] == split) & runs["gain"].notna()]


def _cells(joint: pd.DataFrame) -> tuple[pd.DataFrame, list[NDArray[np.float64]]]:
    """One row a (task, subset), in order of appearance, and the gains behind each, one a seed."""
    groups = joint.groupby(["task", "subset"], sort=False)
    cells = groups.agg(n_tasks=("n_tasks", "first"), floored=("floored", "any")).reset_index()
    by_cell = joint["gain"].to_numpy(dtype=float)[np.argsort(groups.ngroup(), kind="stable")]
    bounds = [0, *np.cumsum(groups.size())]
    return cells, [by_cell[start:stop] for start, stop in itertools.pairwise(bounds)]


def _errors(runs: pd.DataFrame, tasks: Sequence[Task]) -> np.ndarray:
    """Each row's error; NaN for the row of a failed run, which has no task."""
    value = runs["value"].to_numpy(dtype=float)
    errors = np.full(len(runs), np.nan)
    for task in tasks:
        own = (runs["task"] == task.name).to_numpy()
        errors[own] = [task.score.error(v) for v in value[own]]
    return errors
