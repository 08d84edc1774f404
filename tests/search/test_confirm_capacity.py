"""Confirmation compares with full-size networks, whatever narrower ones were trained at the same seeds."""

from __future__ import annotations

import pandas as pd
import pytest

from taskgroup.search.confirm import Confirmation, single_task
from taskgroup.spec import Task

TASKS = tuple(Task(name=name, kind="regression", metric="rmse") for name in "ab")


@pytest.mark.parametrize("narrow_first", [False, True])
def test_narrow_networks_are_no_baseline_of_a_recommendation(narrow_first):
    """A recommendation is judged against the best that a user could have without it."""
    full = [
        (s, t, 1.0, e) for s, t, e in (("a", "a", 1.0), ("b", "b", 1.0), ("a+b", "a", 0.8), ("a+b", "b", 0.8))
    ]
    narrow = [(t, t, 0.5, 4.0) for t in "ab"]
    rows = [
        (subset, task, seed, split, capacity, error)
        for subset, task, capacity, error in ([*narrow, *full] if narrow_first else [*full, *narrow])
        for seed in (0, 1)
        for split in ("validation", "test")
    ]
    runs = pd.DataFrame(rows, columns=["subset", "task", "seed", "split", "capacity", "value"])
    serving = {"a": "a+b", "b": "a+b"}
    found = Confirmation(runs, TASKS, (0, 1)).advantage(serving, single_task(TASKS), "test")
    assert found.gain == pytest.approx(0.2)
