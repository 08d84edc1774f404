"""Capacity-matched baselines: each subset against single networks that cost as much together as it does."""

from __future__ import annotations

import math

import pandas as pd
import pytest

from taskgroup.spec import Task
from taskgroup.transfer import MATCHED_BASELINE, transfer_table, with_gains

TASKS = tuple(Task(name=name, kind="regression", metric="rmse") for name in "abc")
MATCHED = {2: 0.7, 3: 0.5}
ERRORS = {
    # (subset, capacity): error of task a
    ("a", 1.0): 1.0,
    ("a", 0.7): 2.0,
    ("a", 0.5): 4.0,
    ("a+b", 1.0): 1.5,
    ("a+b+c", 1.0): 1.0,
}


@pytest.fixture
def runs() -> pd.DataFrame:
    rows = [
        (subset, subset.count("+") + 1, capacity, seed, 1.0, "a", "validation", error * (1 + 0.1 * seed))
        for (subset, capacity), error in ERRORS.items()
        for seed in (0, 1, 2)
    ]
    columns = ["subset", "n_tasks", "capacity", "seed", "fidelity", "task", "split", "value"]
    return pd.DataFrame(rows, columns=columns)


def gains(runs: pd.DataFrame, matched: dict[int, float] | None) -> dict[str, float]:
    found = with_gains(runs, runs["n_tasks"] == 1, TASKS, matched=matched)
    return found[found["n_tasks"] > 1].groupby("subset")["gain"].mean().to_dict()


def test_full_size_is_the_default_whatever_else_was_trained(runs):
    assert gains(runs, None) == pytest.approx({"a+b": -0.5, "a+b+c": 0.0})
    assert gains(runs[runs["capacity"] == 1.0].drop(columns="capacity"), None) == gains(runs, None)


def test_every_subset_has_the_baseline_of_its_size(runs):
    """Against full-size networks a pair seems to hurt that is better than two networks of its cost."""
    assert gains(runs, MATCHED) == pytest.approx({"a+b": 0.25, "a+b+c": 0.75})


def test_sizes_without_a_baseline_have_no_gain(runs):
    found = gains(runs, {2: 0.7})
    assert found["a+b"] == pytest.approx(0.25)
    assert math.isnan(found["a+b+c"])


@pytest.mark.parametrize("matched", [None, MATCHED])
def test_baselines_gain_nothing_over_themselves(runs, matched):
    found = with_gains(runs, runs["n_tasks"] == 1, TASKS, matched=matched)
    assert found.loc[found["n_tasks"] == 1, "gain"].tolist() == [0.0] * 9


def test_tables_name_the_baseline(runs):
    found = with_gains(runs, runs["n_tasks"] == 1, TASKS, matched=MATCHED)
    table = transfer_table(found, baseline=MATCHED_BASELINE)
    assert table["baseline"].tolist() == ["single_task_matched"] * 2
