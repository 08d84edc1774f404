"""Conclusions from the record: the same tables during, after and long after a search."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from planted import TASKS, make_study

import taskgroup as tg
from taskgroup.search import Outcome, Silent, conclude, make_plan
from taskgroup.storage import open_record


class Impatient(Silent):
    """Presses Ctrl-C as soon as a stage begins."""

    def __init__(self, stage: str) -> None:
        self._stage = stage

    def stage(self, name: str, n_runs: int) -> None:
        if name == self._stage:
            raise KeyboardInterrupt


def interrupted_before(stage: str, folder: Path) -> Outcome:
    """What the record of a search holds that was stopped at the beginning of a stage."""
    storage = f"sqlite:///{folder / 'taskgroup.db'}"
    study = make_study(folder, training={"epochs": 3})
    with pytest.raises(KeyboardInterrupt):
        tg.search(study, storage=storage, progress=Impatient(stage))
    with open_record(storage, must_exist=True) as record:
        stored = record.study_named(study.name)
        return conclude(stored.study(), record, stored.id, make_plan(study))


def test_the_stored_outcome_is_the_one_that_was_returned(finished):
    """`taskgroup report` in another process shows what the search has shown."""
    with open_record(finished.storage, must_exist=True) as record:
        stored = record.study_named("planted")
        outcome = conclude(stored.study(), record, stored.id, make_plan(stored.study()))
    expected = finished.result.outcome
    assert outcome.recommendation == expected.recommendation
    assert outcome.notes == expected.notes
    for name in ("runs", "transfer", "negative_transfer", "task_gains", "stages", "reliability"):
        pd.testing.assert_frame_equal(getattr(outcome, name), getattr(expected, name))


@pytest.mark.parametrize("stage", ["pairs", "larger subsets", "confirm"])
def test_an_unfinished_search_shows_the_best_so_far_unconfirmed(stage, tmp_path):
    outcome = interrupted_before(stage, tmp_path)
    grouping = outcome.recommendation
    assert not grouping.confirmed
    assert grouping.gain is None
    assert len(grouping.networks) <= 2
    assert sorted(task for network in grouping.networks for task in network.serves) == list(TASKS)
    assert outcome.task_gains.empty
    assert "not confirmed" in outcome.notes[0]
    assert outcome.affinity.estimate.notna().any(axis=None) == (stage != "pairs")


def test_stages_tell_where_the_runs_went(finished):
    stages = finished.result.outcome.stages.set_index("stage")
    assert {"baselines", "pairs", "confirm"} <= set(stages.index)
    assert stages.loc["pairs", "runs"] == 6 * 3
    assert stages["share"].sum() == pytest.approx(1.0)
    assert stages["runs"].sum() == finished.result.runs["run_id"].nunique()


def test_settings_are_enough_to_repeat_the_search(finished):
    settings = finished.result.outcome.settings
    assert settings["seeds"] == [0, 1, 2]
    assert len(settings["fresh_seeds"]) == 5
    assert any("0.01" in str(value) for value in settings.values())
    assert {"taskgroup", "torch", "optuna"} <= set(settings["versions"])


def test_gains_of_tasks_are_those_of_the_fresh_test_rows(finished):
    outcome = finished.result.outcome
    gains = outcome.task_gains
    assert set(gains["strategy"]) == {"recommended", "all_in_one"}
    own = gains[gains["strategy"] == "recommended"]
    assert own["gain"].mean() == pytest.approx(outcome.recommendation.gain)
    assert own["subset"].tolist() == ["a+b", "a+b", "c+d", "c+d"]


def test_reliability_compares_predictions_with_measured_subsets(finished):
    reliability = finished.result.outcome.reliability
    assert (reliability["subset"].str.count(r"\+") >= 2).all()
    assert reliability[["predicted", "measured"]].notna().all(axis=None)
