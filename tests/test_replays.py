"""`tg.replay`: what a user who compares strategies calls."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import taskgroup as tg
from taskgroup.errors import InputError
from taskgroup.replays import replay

PUBLISHED = Path(__file__).resolve().parents[2] / "shared" / "tables"
TASKS = ("a", "b", "c", "d")


def table(n_seeds: int = 1) -> pd.DataFrame:
    """Two planted pairs, measured with a little noise; test scores are lower by 0.1."""
    rng = np.random.default_rng(0)
    rows = []
    for size, _ in itertools.product(range(1, 5), range(n_seeds)):
        for subset in itertools.combinations(TASKS, size):
            row = {"subset": "+".join(subset)}
            for task in subset:
                friend = TASKS[TASKS.index(task) ^ 1]
                value = 0.5 + 0.2 * (friend in subset) - 0.05 * (size - 1) + rng.normal(0, 0.01)
                row |= {f"val_{task}": value, f"test_{task}": value - 0.1 + rng.normal(0, 0.01)}
            rows.append(row)
    return pd.DataFrame(rows)


def test_planted_pairs_are_found_and_the_result_says_how_well():
    result = replay(table(), runs=12, groups=2, seeds=3)
    assert list(result.curve.columns) == ["runs", "score", "low", "high", "share"]
    assert list(result.scores.columns) == ["seed", "runs", "score"]
    assert (result.strategy, result.groups, result.seeds) == ("active", 2, 3)
    assert (result.columns.select, result.columns.report) == ("val_{task}", "test_{task}")
    assert result.curve["share"].iloc[-1] > 0.9
    assert result.achievable == pytest.approx(0.55, abs=0.03)
    assert result.baseline == pytest.approx(0.45, abs=0.03)
    assert len(result.stopped) == 3


def test_it_is_a_public_name():
    assert tg.replay is replay
    assert "replay" in tg.__all__


def test_runs_are_those_of_single_tasks_and_all_pairs_by_default():
    assert replay(table(), strategy="pairs", seeds=1).curve["runs"].iloc[-1] == 10
    assert replay(table(2), strategy="pairs", repeats=2, seeds=1).curve["runs"].iloc[-1] == 20


def test_seeds_start_where_they_are_told_to():
    result = replay(table(), strategy="random", seeds=2, seed=7)
    assert sorted(set(result.scores["seed"])) == [7, 8]


def test_candidates_may_be_names_or_tuples():
    names = ["a", "b", "c", "d", "a+b+c+d", "b+a"]
    first = replay(table(), strategy="exhaustive", groups=2, runs=9, seeds=1, candidates=names)
    second = replay(
        table(), strategy="exhaustive", groups=2, runs=9, seeds=1, candidates=[n.split("+") for n in names]
    )
    assert first.scores.equals(second.scores)
    assert first.stopped == (6,)


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"strategy": "actve"}, "did you mean 'active'?"),
        ({"strategy": "hoaa"}, "did you mean 'hoa'?"),
        ({"runs": 0}, "runs is 0"),
        ({"runs": 2.5}, "runs is 2.5"),
        ({"runs": 10**9}, "give at most 100000"),
        ({"strategy": ["pairs"]}, "strategy is ['pairs']"),
        ({"select": 3}, "select is 3"),
        ({"importance": [1.0]}, "give a dict"),
        ({"candidates": 5}, "candidates is 5"),
        ({"candidates": [1]}, "candidates hold 1"),
        ({"candidates": []}, "candidates is empty"),
        ({"runs": 3}, "runs is 3, but single tasks and all-in-one alone take 5"),
        ({"groups": 0}, "groups is 0"),
        ({"groups": True}, "groups is True"),
        ({"seeds": 0}, "seeds is 0"),
        ({"repeats": 0}, "repeats is 0"),
        ({"repeats": 2, "runs": 30}, "repeats is 2, but subset 'a' has 1 row"),
        ({"noise": -1}, "noise is -1"),
        ({"noise": float("nan")}, "noise is nan"),
        ({"noise": "much"}, "noise is 'much'"),
        ({"select": "vall_{task}"}, "matches no column"),
        ({"candidates": ["a+x"]}, "no row in the table"),
        ({"candidates": ["a", "b"], "groups": 2}, "'c'"),
        ({"candidates": ["a", "b", "c", "d"], "groups": 2}, "at most 2"),
        ({"importance": {"x": 1.0}}, "'x'"),
        ({"importance": {"a": -1.0}}, "-1.0"),
        ({"direction": "up"}, "direction is 'up'"),
        ({"seed": -1}, "seed is -1"),
    ],
)
def test_wrong_arguments_are_refused_by_name(settings, told):
    with pytest.raises(InputError) as error:
        replay(table(), **settings)
    assert told in str(error.value)


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises((InputError, tg.NotFoundError), match=r"nowhere\.csv"):
        replay(tmp_path / "nowhere.csv")


@pytest.mark.skipif(not PUBLISHED.is_dir(), reason="the published tables are not beside the checkout")
@pytest.mark.parametrize("setting", [1, 2])
def test_published_tables_are_replayed_as_they_are(setting):
    """Five tasks, all 31 subsets, losses: on these, pair averages come within a percent or so."""
    result = replay(
        PUBLISHED / f"standley2020_setting{setting}.csv", strategy="hoa", runs=15, groups=3, seeds=1
    )
    assert (result.columns.select, result.columns.direction) == ("val_loss_{task}", "minimize")
    assert result.columns.report == "test_loss_{task}"
    assert result.curve["runs"].tolist() == list(range(6, 16))
    assert result.achievable < result.baseline
    assert result.curve["share"].iloc[-1] > 0.7


@pytest.mark.skipif(not PUBLISHED.is_dir(), reason="the published tables are not beside the checkout")
def test_all_rows_of_a_published_table_give_its_optimum():
    path = PUBLISHED / "standley2020_setting1.csv"
    by_replay = replay(path, strategy="exhaustive", runs=31, groups=3, seeds=1, report="val_loss_{task}")
    full_size = pd.read_csv(path).query("cost == 1")
    exact = tg.group(full_size, select="val_loss_{task}", direction="minimize", groups=3)
    assert by_replay.curve["score"].iloc[-1] == pytest.approx(exact.select_total / 5)
    assert by_replay.curve["share"].iloc[-1] == pytest.approx(1.0)
