"""From the record to an `Outcome`: the one path to every table, during, after and long after a search."""

from __future__ import annotations

import os
import platform
from importlib.metadata import version
from typing import Any

import pandas as pd

from taskgroup.affinity import pairwise
from taskgroup.grouping import Grouping
from taskgroup.search.analysis import (
    GAIN_COLUMNS,
    comparable,
    importance,
    in_any_way,
    joint_gains,
    measured_values,
    rank_correlation,
    reliability_table,
    runs_with_gains,
    stage_table,
)
from taskgroup.search.arm import Arm
from taskgroup.search.auxiliary_table import auxiliary_table
from taskgroup.search.confirm import Confirmation, all_in_one, serving_of
from taskgroup.search.linear_comparison import LinearComparison, compare_linear
from taskgroup.search.linear_scores import load_linear_scores
from taskgroup.search.matched import joint_sizes, matched_capacities, not_trained
from taskgroup.search.outcome import Outcome
from taskgroup.search.plan import Plan, calls_plan, make_plan, n_pairs
from taskgroup.search.recipe import FUNCTION_RECIPES, Recipes
from taskgroup.search.recorded_recipes import recorded_recipes
from taskgroup.search.serving import Serving
from taskgroup.search.way_table import short_run_agreement, way_table
from taskgroup.spec import InputShape, Study, subset_from_name
from taskgroup.storage import Record, StoredStudy
from taskgroup.transfer import MATCHED_BASELINE, negative_transfer, transfer_table

_PACKAGES = ("taskgroup", "torch", "optuna", "scikit-learn", "numpy", "scipy", "pandas")


def conclude(
    study: Study, record: Record, study_id: int, plan: Plan, *, recipes: Recipes | None = None
) -> Outcome:
    """Compute every table from what is recorded of a study, finished or not.

    Args:
        study: What was searched.
        record: Holds its runs and conclusions.
        study_id: The study in the record.
        plan: Which seeds were for searching and which for confirming.
        recipes: Settings of the runs; those recorded by the search by default.
    """
    recipes = recipes or recorded_recipes(study, record, study_id)
    runs = runs_with_gains(record.runs_frame(study_id), recipes, study)
    compared, in_ways = comparable(runs, recipes, plan.seeds), in_any_way(runs, recipes, plan.seeds)
    transfer = transfer_table(compared)
    matched_transfer = _matched_transfer(study, plan, runs, recipes, _n_inputs(record, study_id))
    document = record.grouping(study_id)
    recommendation = (
        Grouping.from_document(document) if document else _interim(study, record, study_id, in_ways, recipes)
    )
    reliability = reliability_table(transfer, riding=study.auxiliary_names)
    linear = _linear(study, record, study_id, plan, runs, recipes, recommendation)
    return Outcome(
        study=study,
        runs=runs.drop(columns="floored"),
        transfer=transfer,
        negative_transfer=negative_transfer(transfer),
        matched_transfer=matched_transfer,
        affinity=pairwise(transfer, study.task_names, gains=joint_gains(compared), targets=study.main_names),
        recommendation=recommendation,
        task_gains=_task_gains(study, plan, runs, recipes, recommendation),
        stages=stage_table(runs),
        reliability=reliability,
        rank_correlation=rank_correlation(reliability),
        notes=(
            *_notes(study, runs, transfer, recommendation),
            *_matched_notes(study, transfer, matched_transfer),
            *_short_run_notes(in_ways, recipes),
            *linear.notes,
        ),
        settings=_settings(study, plan, recipes),
        recipes=recipes,
        ways=way_table(in_ways, recipes, importance(study.main_tasks)),
        auxiliaries=auxiliary_table(compared, study.auxiliary_names),
        linear=linear,
    )


def conclude_stored(record: Record, stored: StoredStudy) -> Outcome:
    """Compute every table of a stored study, whoever trained it.

    Args:
        record: Holds it.
        stored: As `record.study_named` gives it.
    """
    study = stored.study()
    calls = record.events(stored.id, kind="calls")
    if calls:
        plan = calls_plan(calls[-1].document)
        return conclude(study, record, stored.id, plan, recipes=FUNCTION_RECIPES)
    return conclude(study, record, stored.id, make_plan(study))


def _interim(
    study: Study, record: Record, study_id: int, compared: pd.DataFrame, recipes: Recipes
) -> Grouping:
    """The best grouping of what was measured so far, unconfirmed."""
    measured = measured_values(compared, study.main_names)
    values = {arm: of_tasks for arm, of_tasks in measured.items() if arm.way in recipes.ways.serving}
    values.setdefault(Arm(study.main_names), dict.fromkeys(study.main_names, 0.0))
    return Serving(study, recipes, _n_inputs(record, study_id)).best(values)


def _n_inputs(record: Record, study_id: int) -> InputShape:
    plans = record.events(study_id, kind="plan")
    found = plans[0].document["n_inputs"] if plans else 1
    return tuple(found) if isinstance(found, list) else int(found)


def _matched_transfer(
    study: Study, plan: Plan, runs: pd.DataFrame, recipes: Recipes, n_inputs: InputShape
) -> pd.DataFrame:
    """Gains over capacity-matched baselines; empty where they were not asked for."""
    if study.search.baseline == "full":
        return transfer_table(runs.iloc[:0], baseline=MATCHED_BASELINE)
    sizes = joint_sizes(map(subset_from_name, runs["subset"].unique()), riding=study.auxiliary_names)
    matched = matched_capacities(study, recipes, n_inputs, sizes)
    paired = runs_with_gains(runs, recipes, study, matched=matched)
    return transfer_table(comparable(paired, recipes, plan.seeds), baseline=MATCHED_BASELINE)


def _task_gains(
    study: Study, plan: Plan, runs: pd.DataFrame, recipes: Recipes, grouping: Grouping
) -> pd.DataFrame:
    if not grouping.confirmed:
        return pd.DataFrame(columns=list(GAIN_COLUMNS))
    tasks = study.main_tasks
    fresh = Confirmation(runs[runs["seed"].isin(plan.fresh_seeds)], tasks, plan.fresh_seeds)
    return pd.concat(
        [
            fresh.task_gains("recommended", serving_of(grouping, recipes)),
            fresh.task_gains("all_in_one", all_in_one(tasks)),
        ],
        ignore_index=True,
    )


def _linear(
    study: Study,
    record: Record,
    study_id: int,
    plan: Plan,
    runs: pd.DataFrame,
    recipes: Recipes,
    grouping: Grouping,
) -> LinearComparison:
    """Linear models against networks, where the search kept some."""
    seeds = plan.fresh_seeds if grouping.confirmed else ()
    kept = load_linear_scores(record, study_id, study, seeds) if study.search.linear and seeds else None
    if kept is None:
        return LinearComparison()
    fresh = runs[runs["seed"].isin(seeds)]
    return compare_linear(kept, fresh, study.main_tasks, recommended=serving_of(grouping, recipes))


def _notes(study: Study, runs: pd.DataFrame, transfer: pd.DataFrame, grouping: Grouping) -> tuple[str, ...]:
    notes = []
    if not grouping.confirmed:
        notes.append(
            "This recommendation is the best of what was measured so far and was not confirmed with fresh "
            "seeds, so its gain is likely to be too good. Run the same search again to go on."
        )
    failed = runs[runs["status"] != "ok"].drop_duplicates("run_id")
    if len(failed):
        notes.append(
            f"{len(failed)} runs failed and are left out; the first reason: {failed['reason'].iloc[0]}."
        )
    n_measured, n_all = int((transfer.drop_duplicates("subset")["n_tasks"] == 2).sum()), n_pairs(study)
    if n_measured < n_all:
        notes.append(
            f"{n_measured} of {n_all} pairs were measured; more runs or time (search.runs, search.time) fill "
            "in the others."
        )
    floored = sorted(set(transfer.loc[transfer["floored"], "target"]))
    if floored:
        notes.append(
            f"The single-task error of {', '.join(floored)} is below 0.01 at some seeds; gains there are "
            "relative to 0.01, since a share of almost nothing says little."
        )
    return tuple(notes)


def _matched_notes(study: Study, transfer: pd.DataFrame, matched: pd.DataFrame) -> tuple[str, ...]:
    missing = sorted(set(transfer["n_tasks"]) - set(matched["n_tasks"]))
    return (not_trained(missing),) if missing and study.search.baseline == "matched" else ()


def _short_run_notes(compared: pd.DataFrame, recipes: Recipes) -> list[str]:
    return [
        f"Trainings of {fidelity:.0%} of the epochs rank gains as full ones do with a correlation of "
        f"{correlation:.2f}, by {n_networks} networks trained at both lengths."
        for fidelity, (correlation, n_networks) in short_run_agreement(compared, recipes).items()
    ]


def _settings(study: Study, plan: Plan, recipes: Recipes) -> dict[str, Any]:
    return {
        **recipes.in_words(),
        **({"trainer": study.trainer.command or study.trainer.function} if study.trainer else {}),
        "seeds": list(plan.seeds),
        "fresh_seeds": list(plan.fresh_seeds),
        "versions": {name: version(name) for name in _PACKAGES},
        "python": platform.python_version(),
        "machine": f"{platform.machine()}, {os.cpu_count()} cores, {platform.system()}",
    }
