"""Everything that a search found, as tables: what the report shows and the Python API returns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from taskgroup.affinity import AffinityMatrix
from taskgroup.grouping import Grouping
from taskgroup.search.auxiliary_table import AUXILIARY_COLUMNS
from taskgroup.search.linear_comparison import LinearComparison
from taskgroup.search.recipe import Recipes
from taskgroup.search.way_table import WAY_COLUMNS
from taskgroup.spec import Study


@dataclass(frozen=True)
class Outcome:
    """The tables of one search.

    Attributes:
        study: What was searched.
        runs: One row a run, task and split: run_id, stage, subset (joined by ``+``), n_tasks, seed,
            sharing, depth, weighting, learning_rate, weight_decay, fidelity, capacity, sampling,
            distillation, status, reason, seconds, task, split, metric, value, network (the subset, and how
            it was trained where that is not the first way), gain. A failed run has one row without task.
        transfer: One row a measured (target, subset): target, subset, n_tasks, gain, low, high,
            p_value, q_value, n_seeds, baseline, floored; validation split.
        negative_transfer: The rows of `transfer` whose gain is below zero at q < 0.05, worst first.
        matched_transfer: Like `transfer`, with gains over capacity-matched single-task networks, which
            together cost as much as the subset's; empty where `search.baseline` does not ask for them.
        ways: Networks that were also trained in another way (of sharing, weighting, sampling or teaching),
            against the same subset in the first way (`WAY_COLUMNS`); validation split.
        affinity: Gains of the pairs as a matrix [target, source]; auxiliary tasks are sources alone.
        auxiliaries: What each auxiliary task added to the networks that it was tried in
            (`AUXILIARY_COLUMNS`); validation split.
        recommendation: The grouping to train; its gain is from fresh seeds on the test split.
        task_gains: Test-split gains with fresh seeds: strategy (`recommended` or `all_in_one`), task,
            subset, gain, low, high; empty before confirmation.
        stages: What the search spent: stage, runs, failed, seconds, share (of the seconds).
        reliability: Pair-based prediction against measured larger subsets: target, subset, predicted,
            measured.
        rank_correlation: Spearman's correlation of the two, None with fewer than three subsets.
        notes: Sentences that a reader must know (nothing beats the baselines, search cut short, ...).
        settings: What repeats the search: tuned settings, seeds, versions, machine.
        recipes: The settings that single tasks and joint networks were compared with.
        linear: Linear models of all tasks against the networks, with the same seeds and rows.
    """

    study: Study
    runs: pd.DataFrame
    transfer: pd.DataFrame
    negative_transfer: pd.DataFrame
    matched_transfer: pd.DataFrame
    affinity: AffinityMatrix
    recommendation: Grouping
    task_gains: pd.DataFrame
    stages: pd.DataFrame
    reliability: pd.DataFrame
    rank_correlation: float | None
    notes: tuple[str, ...]
    settings: Mapping[str, Any]
    recipes: Recipes | None = None
    ways: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=list(WAY_COLUMNS)))
    auxiliaries: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=list(AUXILIARY_COLUMNS)))
    linear: LinearComparison = field(default_factory=LinearComparison)

    @property
    def has_test_rows(self) -> bool:
        """Whether gains are reported on rows that nothing was chosen by; a user's trainer may give none."""
        return "test" in set(self.runs.get("split", ()))
