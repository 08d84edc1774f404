"""Tables of gains, against one worked out by hand."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd
import pytest

from taskgroup.spec import Task
from taskgroup.transfer import negative_transfer, q_values, transfer_table, with_gains

TASKS = (Task(name="a", kind="binary", metric="accuracy"), Task(name="b", kind="regression", metric="rmse"))

SCORES: dict[tuple[str, str, int, str], float] = {
    # (subset, task, seed, split): score; errors of accuracy are 1 - score, of RMSE the score itself
    ("a", "a", 0, "validation"): 0.8,
    ("a", "a", 1, "validation"): 0.6,
    ("b", "b", 0, "validation"): 2.0,
    ("b", "b", 1, "validation"): 4.0,
    ("a+b", "a", 0, "validation"): 0.9,
    ("a+b", "a", 1, "validation"): 0.5,
    ("a+b", "b", 0, "validation"): 3.0,
    ("a+b", "b", 1, "validation"): 4.4,
    ("a", "a", 0, "test"): 0.5,
    ("a+b", "a", 0, "test"): 0.75,
}
GAINS = {("a+b", "a"): [0.5, -0.25], ("a+b", "b"): [-0.5, -0.1]}


def runs_of(scores: dict[tuple[str, str, int, str], float]) -> pd.DataFrame:
    rows: list[dict[str, Any]] = [
        {
            "run_id": f"{subset} {seed}",
            "subset": subset,
            "n_tasks": subset.count("+") + 1,
            "seed": seed,
            "fidelity": 1.0,
            "status": "ok",
            "task": task,
            "split": split,
            "value": value,
        }
        for (subset, task, seed, split), value in scores.items()
    ]
    return pd.DataFrame(rows)


def gains_of(runs: pd.DataFrame, tasks: tuple[Task, ...] = TASKS) -> pd.DataFrame:
    return with_gains(runs, runs["n_tasks"] == 1, tasks)


@pytest.fixture
def runs() -> pd.DataFrame:
    return runs_of(SCORES)


def test_gains_are_paired_by_task_seed_and_split(runs):
    """Against another seed's baseline, the luck of the draw would look like transfer."""
    gains = gains_of(runs)
    joint = gains[(gains["n_tasks"] == 2) & (gains["split"] == "validation")]
    for (subset, task), expected in GAINS.items():
        own = joint[(joint["subset"] == subset) & (joint["task"] == task)].sort_values("seed")
        assert own["gain"].tolist() == pytest.approx(expected)
    test = gains[(gains["n_tasks"] == 2) & (gains["split"] == "test")]
    assert test["gain"].tolist() == pytest.approx([0.5])


def test_baselines_gain_nothing_over_themselves(runs):
    gains = gains_of(runs)
    assert gains.loc[gains["n_tasks"] == 1, "gain"].tolist() == [0.0] * 5


def test_rows_stay_in_place(runs):
    gains = gains_of(runs)
    pd.testing.assert_frame_equal(gains[runs.columns], runs)


def test_without_a_baseline_there_is_no_gain(runs):
    gains = gains_of(runs[~((runs["subset"] == "b") & (runs["seed"] == 1))])
    lonely = gains[(gains["task"] == "b") & (gains["seed"] == 1)]
    assert lonely["gain"].isna().all()
    assert not lonely["floored"].any()


def test_failed_runs_have_no_gain_and_harm_no_other(runs):
    failed = runs.iloc[[4]].assign(run_id="failed", status="failed", task=None, split=None, value=np.nan)
    gains = gains_of(pd.concat([runs, failed], ignore_index=True))
    assert math.isnan(gains["gain"].iloc[-1])
    pd.testing.assert_frame_equal(transfer_table(gains), transfer_table(gains_of(runs)))


def test_the_table_has_a_row_for_every_measured_target_and_subset(runs):
    table = transfer_table(gains_of(runs)).set_index(["target", "subset"])
    assert set(table.index) == {("a", "a+b"), ("b", "a+b")}
    assert table["gain"].to_dict() == pytest.approx({("a", "a+b"): 0.125, ("b", "a+b"): -0.3})
    assert (table["n_tasks"] == 2).all()
    assert (table["n_seeds"] == 2).all()
    assert (table["baseline"] == "single_task").all()
    assert (table["low"] < table["gain"]).all()
    assert (table["gain"] < table["high"]).all()
    assert table["q_value"].tolist() == q_values(table["p_value"]).tolist()


def test_the_table_looks_at_one_split_only(runs):
    """Choosing on test rows would make every reported gain too good."""
    table = transfer_table(gains_of(runs), split="test")
    assert table["target"].tolist() == ["a"]
    assert table["gain"].tolist() == pytest.approx([0.5])


def test_an_empty_record_gives_an_empty_table(runs):
    table = transfer_table(gains_of(runs[runs["n_tasks"] == 1]))
    assert table.empty
    assert list(table.columns) == list(transfer_table(gains_of(runs)).columns)


def test_floored_baselines_are_marked():
    scores = {
        ("a", "a", 0, "validation"): 0.999,
        ("a", "a", 1, "validation"): 0.9,
        ("a+b", "a", 0, "validation"): 0.98,
        ("a+b", "a", 1, "validation"): 0.9,
    }
    table = transfer_table(gains_of(runs_of(scores)))
    assert table["gain"].tolist() == pytest.approx([(-1.9 + 0.0) / 2])
    assert table["floored"].tolist() == [True]


def test_relabelling_tasks_only_relabels(runs):
    swap = {"a": "b", "b": "a", "a+b": "a+b"}
    other = runs.assign(task=runs["task"].map(swap), subset=runs["subset"].map(swap))
    tasks = tuple(task.model_copy(update={"name": swap[task.name]}) for task in TASKS)
    expected = transfer_table(gains_of(runs))
    found = transfer_table(gains_of(other, tasks))
    pd.testing.assert_frame_equal(found.assign(target=found["target"].map(swap)), expected)


def test_negative_transfer_is_what_hurts_beyond_noise_worst_first():
    table = pd.DataFrame(
        {"gain": [-0.1, -0.3, 0.4, -0.9], "q_value": [0.01, 0.04, 0.001, 0.2]}, index=[3, 5, 7, 9]
    )
    assert negative_transfer(table)["gain"].tolist() == [-0.3, -0.1]


def test_what_cannot_be_tested_is_not_flagged():
    assert negative_transfer(pd.DataFrame({"gain": [-0.5], "q_value": [math.nan]})).empty
