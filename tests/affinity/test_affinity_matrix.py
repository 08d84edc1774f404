"""The affinity matrix: rows are helped, columns help; turned round, it would recommend the wrong tasks."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from taskgroup.affinity import AffinityMatrix, pair_gains, pairwise

TASKS = ("a", "b", "c")


@pytest.fixture
def transfer() -> pd.DataFrame:
    """Pairs a+b (3 seeds) and b+c (2 seeds), and a triple that no pair table shows."""
    rows = [
        ("a", "a+b", 2, 0.2, 0.1, 0.3, 0.01, 3),
        ("b", "a+b", 2, -0.1, -0.2, 0.0, 0.04, 3),
        ("b", "b+c", 2, 0.0, -0.5, 0.5, 0.9, 2),
        ("c", "b+c", 2, 0.4, 0.3, np.nan, np.nan, 2),
        ("a", "a+b+c", 3, 0.9, 0.8, 1.0, 0.001, 3),
    ]
    columns = ["target", "subset", "n_tasks", "gain", "low", "high", "q_value", "n_seeds"]
    return pd.DataFrame(rows, columns=columns)


@pytest.fixture
def affinity(transfer) -> AffinityMatrix:
    return pairwise(transfer, TASKS)


def test_columns_help_rows(affinity):
    assert affinity.estimate.loc["a", "b"] == 0.2
    assert affinity.estimate.loc["b", "a"] == -0.1
    assert affinity.low.loc["b", "a"] == -0.2
    assert affinity.high.loc["a", "b"] == 0.3
    assert affinity.q_value.loc["b", "c"] == 0.9
    assert affinity.n_runs.loc["c", "b"] == 2


def test_the_order_is_that_of_the_task_list(transfer):
    for tasks in [TASKS, ("c", "a", "b")]:
        found = pairwise(transfer, tasks).estimate
        assert tuple(found.index) == tuple(found.columns) == tasks
        assert found.loc["a", "b"] == 0.2


def test_what_was_not_measured_is_blank(affinity):
    assert np.isnan(np.diag(affinity.estimate)).all()
    assert np.isnan(affinity.estimate.loc["a", "c"])
    assert affinity.estimate.notna().sum().sum() == 4


def test_the_cost_is_the_trainings_of_the_pairs(affinity):
    assert affinity.cost_runs == 5
    assert affinity.estimator == "pairwise"


def test_the_table_has_a_row_for_each_measured_ordered_pair(affinity):
    table = affinity.table()
    assert table["target"].tolist() == ["a", "b", "b", "c"]
    assert table["source"].tolist() == ["b", "a", "c", "b"]
    assert table["gain"].tolist() == [0.2, -0.1, 0.0, 0.4]
    assert table["n_runs"].tolist() == [3, 3, 2, 2]


def test_the_document_is_plain_json(affinity):
    document = json.loads(json.dumps(affinity.document(), allow_nan=False))
    assert document["tasks"] == ["a", "b", "c"]
    assert document["estimate"] == [[None, 0.2, None], [-0.1, None, 0.0], [None, 0.4, None]]
    assert document["high"][2][1] is None


def test_nothing_measured_gives_a_blank_matrix(transfer):
    empty = pairwise(transfer.iloc[:0], TASKS)
    assert empty.estimate.isna().all(axis=None)
    assert empty.table().empty
    assert empty.cost_runs == 0


def test_pair_gains_by_target_and_source(transfer):
    assert pair_gains(transfer) == {("a", "b"): 0.2, ("b", "a"): -0.1, ("b", "c"): 0.0, ("c", "b"): 0.4}
