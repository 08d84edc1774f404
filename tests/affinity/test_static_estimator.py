"""Similarity of labels and feature profiles, which needs no training."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from planted import make_study

from taskgroup.affinity import static, static_flops
from taskgroup.affinity.static import captured, explained
from taskgroup.data import draw_split, load_dataset, prepare


def prepared(folder, table: pd.DataFrame, tasks):
    study = make_study(folder, table=table, tasks=tasks)
    dataset = load_dataset(study)
    return prepare(dataset, draw_split(dataset, study.data.split, study_seed=0, seed=0))


def test_explained_by_hand():
    """y = (0, 0, 1, 1, 2, 2) on x = (0, 0, 1, 1, 1, 1): SSE 1, SST 4, R² 0.75, adjusted 1 - 0.25 * 5 / 4."""
    y, x = np.array([[0, 0, 1, 1, 2, 2.0]]).T, np.array([[0, 0, 1, 1, 1, 1.0]]).T
    assert explained(y, x) == pytest.approx(1 - 0.25 * 5 / 4)


def test_captured_by_hand():
    """The profile (3, 4) has the share 9 / 25 along (1, 0); sign and length of the other do not matter."""
    assert captured(np.array([[3.0], [4.0]]), np.array([[-7.0], [0.0]])) == pytest.approx(9 / 25)


def test_opposites_are_as_near_as_can_be_and_finer_classes_tell_coarser_ones(tmp_path):
    rng = np.random.default_rng(0)
    x = rng.normal(size=(300, 4))
    four = (x[:, 0] > 0).astype(int) * 2 + (x[:, 1] > 0)
    table = pd.DataFrame(x, columns=list("wxyz")).assign(
        four=four, high=four // 2, low=1 - four // 2, other=x[:, 3]
    )
    tasks = [
        {"name": "four", "kind": "multiclass"},
        {"name": "high", "kind": "binary"},
        {"name": "low", "kind": "binary"},
        {"name": "other", "kind": "regression"},
    ]
    found = static(prepared(tmp_path, table, tasks))
    assert found.loc["high", "low"] == pytest.approx(1.0)
    assert found.loc["high", "four"] > found.loc["four", "high"] > found.loc["four", "other"]
    assert ((found >= 0) & (found <= 1)).all(axis=None)


def test_labels_that_never_meet_leave_the_profiles(tmp_path):
    rng = np.random.default_rng(0)
    x = rng.normal(size=(300, 4))
    table = pd.DataFrame(x, columns=list("wxyz")).assign(a=x[:, 0], b=x[:, 0], c=x[:, 1])
    table.loc[::2, "a"], table.loc[1::2, "b"] = np.nan, np.nan
    tasks = [{"name": name, "kind": "regression"} for name in "abc"]
    rows = prepared(tmp_path, table, tasks)
    found = static(rows)
    assert found.loc["a", "b"] > 0.8
    assert found.loc["a", "c"] < 0.3
    assert static_flops(rows) > 0
