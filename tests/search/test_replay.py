"""Replays: strategies are compared by them, so nothing may show too early or be scored too kindly."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass, field

import numpy as np
import pytest
from suites.strategy_suite import joint, names

from taskgroup.errors import InputError
from taskgroup.search.arm import Arm
from taskgroup.search.catalog import STRATEGIES
from taskgroup.search.replay import MeasuredTable, Replay, ReplaySettings, chosen, replay_strategy
from taskgroup.search.strategy import State, SubsetValues, Values
from taskgroup.spec import Subset

TASKS = names(4)
EVERYTHING = [*((task,) for task in TASKS), *joint(TASKS)]
EVERY_STRATEGY = pytest.mark.parametrize("name", STRATEGIES)


def table_of(
    seed: int = 0,
    *,
    n_rows: int = 1,
    subsets: list[Subset] = EVERYTHING,
    same: bool = False,
    sign: float = 1.0,
) -> MeasuredTable:
    """Random values, `n_rows` rows a subset; reported are others unless `same`."""
    rng = np.random.default_rng(seed)
    select = {s: [{task: float(rng.normal()) for task in s} for _ in range(n_rows)] for s in subsets}
    report = {
        s: {t: float(np.mean([row[t] for row in select[s]])) if same else float(rng.normal()) for t in s}
        for s in subsets
    }
    return MeasuredTable(TASKS, select, report, sign)


@dataclass
class Watched:
    """A strategy that notes what it is shown and what it asks for."""

    inner: object = field(default_factory=lambda: STRATEGIES["random"])
    shown: list[SubsetValues] = field(default_factory=list)
    asked: list[Subset] = field(default_factory=list)

    def propose(self, state: State, n: int) -> list[Arm]:
        self.shown.append({arm.subset: dict(of_tasks) for arm, of_tasks in state.values.items()})
        proposed = self.inner.propose(state, n)
        assert all(state.allowed(arm) for arm in proposed)
        self.asked += [arm.subset for arm in proposed]
        return proposed

    def expected(self, state: State) -> Values:
        return self.inner.expected(state)


@EVERY_STRATEGY
def test_a_row_is_shown_only_when_it_was_asked_for(name):
    """A strategy that sees the future would win every comparison."""
    table = table_of()
    watched = Watched(STRATEGIES[name])
    replay_strategy(table, watched, ReplaySettings(runs=15, groups=2), seeds=[0])
    known = {*((task,) for task in TASKS), TASKS}
    assert set(watched.shown[0]) == known
    for number, shown in enumerate(watched.shown):
        assert set(shown) == known | set(watched.asked[:number])
        assert all(dict(table.select[s][0]) == of_tasks for s, of_tasks in shown.items())
    assert len(watched.asked) == len(set(watched.asked))


@EVERY_STRATEGY
def test_what_is_reported_is_never_shown(name):
    """The choice would otherwise be made on the test split."""
    first, second = table_of(1), table_of(1)
    flipped = {s: {t: -v for t, v in of_tasks.items()} for s, of_tasks in second.report.items()}
    second = MeasuredTable(TASKS, second.select, flipped)
    scores = []
    asked = []
    for table in (first, second):
        watched = Watched(STRATEGIES[name])
        scores.append(replay_strategy(table, watched, ReplaySettings(14, 2), seeds=[0, 1]).scores["score"])
        asked.append(watched.asked)
    assert asked[0] == asked[1]
    assert scores[0].to_numpy() == pytest.approx(-scores[1].to_numpy())


def test_the_score_is_what_the_chosen_networks_are_worth_by_the_report():
    table = table_of(2)
    result = replay_strategy(table, STRATEGIES["exhaustive"], ReplaySettings(15, 2), seeds=[0])
    select = {s: rows[0] for s, rows in table.select.items()}
    pick = max(itertools.combinations(EVERYTHING, 2), key=lambda networks: total(select, networks))
    serving = [max((s for s in pick if t in s), key=lambda s, t=t: select[s][t]) for t in TASKS]
    expected = np.mean([table.report[s][t] for s, t in zip(serving, TASKS, strict=True)])
    assert result.scores["score"].iloc[-1] == pytest.approx(expected)
    assert result.achievable == pytest.approx(expected)


def total(values, networks) -> float:
    best = [max((values[s][task] for s in networks if task in s), default=-math.inf) for task in TASKS]
    return sum(best)


def test_importance_weighs_the_score():
    table = table_of(3)
    settings = ReplaySettings(5, 1, importance={"t00": 3.0})
    result = replay_strategy(table, STRATEGIES["pairs"], settings, seeds=[0])
    report = table.report[TASKS]
    expected = (3 * report["t00"] + report["t01"] + report["t02"] + report["t03"]) / 6
    assert result.baseline == result.scores["score"].iloc[0] == pytest.approx(expected)


@EVERY_STRATEGY
def test_there_is_one_score_a_run_from_the_baselines_to_the_end(name):
    result = replay_strategy(table_of(4), STRATEGIES[name], ReplaySettings(12, 2), seeds=[3, 4])
    assert result.curve["runs"].tolist() == list(range(5, 13))
    assert result.scores.groupby("seed")["runs"].apply(list).to_dict() == {
        seed: [*range(5, 13)] for seed in (3, 4)
    }
    assert len(result.stopped) == 2
    assert all(5 <= n <= 12 for n in result.stopped)


def test_the_first_score_is_the_better_baselines():
    """All strategies start alike: single tasks and all-in-one."""
    table = table_of(5, same=True)
    alone = np.mean([table.report[(task,)][task] for task in TASKS])
    together = np.mean(list(table.report[TASKS].values()))
    for groups, expected in [(1, together), (4, max(alone, together))]:
        result = replay_strategy(table, STRATEGIES["exhaustive"], ReplaySettings(5, groups), seeds=[0])
        assert result.baseline == pytest.approx(expected)
        assert result.curve["score"].iloc[0] >= result.baseline - 1e-12
        if groups == 1:
            assert result.curve["score"].iloc[0] == pytest.approx(expected)


@pytest.mark.parametrize("groups", [1, 2, 3, 4, 9])
def test_everything_measured_is_everything_achieved(groups):
    result = replay_strategy(
        table_of(6, same=True), STRATEGIES["exhaustive"], ReplaySettings(15, groups), seeds=[0]
    )
    assert result.scores["score"].iloc[-1] == pytest.approx(result.achievable)
    if groups > 1:
        assert result.curve["share"].iloc[-1] == pytest.approx(1.0)
        assert (result.curve["share"] <= 1 + 1e-9).all()
    assert (np.diff(result.curve["score"]) > -1e-12).all()


def test_without_anything_to_gain_there_is_no_share():
    result = replay_strategy(table_of(7, same=True), STRATEGIES["pairs"], ReplaySettings(9, 1), seeds=[0])
    assert result.achievable == result.baseline
    assert result.curve["share"].isna().all()


def test_runs_beyond_the_rows_end_the_replay():
    result = replay_strategy(table_of(8), STRATEGIES["random"], ReplaySettings(99, 2), seeds=[0])
    assert result.stopped == (15,)
    assert result.curve["runs"].iloc[-1] == 99
    assert result.curve["score"].iloc[-1] == result.curve["score"].iloc[10]


def test_repeats_are_averaged_and_each_counts_as_a_run():
    table = table_of(9, n_rows=4)
    watched = Watched(STRATEGIES["exhaustive"])
    result = replay_strategy(table, watched, ReplaySettings(31, 2, repeats=2), seeds=[0])
    assert result.curve["runs"].tolist() == list(range(10, 31, 2))
    assert len(watched.asked) == 10
    for subset, of_tasks in watched.shown[-1].items():
        pairs = itertools.combinations(table.select[subset], 2)
        assert any(of_tasks == pytest.approx({t: (a[t] + b[t]) / 2 for t in subset}) for a, b in pairs)


def test_all_rows_repeated_are_the_whole_truth():
    table = table_of(10, n_rows=3, same=True)
    result = replay_strategy(table, STRATEGIES["exhaustive"], ReplaySettings(45, 2, repeats=3), seeds=[0, 1])
    assert result.scores[result.scores["runs"] == 45]["score"].to_numpy() == pytest.approx(
        [result.achievable] * 2
    )


def test_seeds_draw_other_rows_of_a_subset():
    """Otherwise an interval over replays would say nothing of the noise of a run."""
    shown = []
    for seed in range(6):
        watched = Watched(STRATEGIES["exhaustive"])
        replay_strategy(table_of(11, n_rows=5), watched, ReplaySettings(8, 2), seeds=[seed])
        shown.append(watched.shown[0][TASKS]["t00"])
    assert len(set(shown)) > 1


@EVERY_STRATEGY
def test_a_seed_is_replayed_alike(name):
    settings = ReplaySettings(12, 2, noise=0.3)
    first, second = (
        replay_strategy(table_of(12), STRATEGIES[name], settings, seeds=[1, 2]) for _ in range(2)
    )
    assert first.scores.equals(second.scores)
    assert first.stopped == second.stopped


def test_noise_is_added_to_what_is_shown_and_to_nothing_else():
    table = table_of(13)
    shown = {}
    for noise, seed in [(0.0, 0), (0.0, 1), (0.5, 0), (0.5, 1)]:
        watched = Watched(STRATEGIES["exhaustive"])
        replay_strategy(table, watched, ReplaySettings(15, 2, noise=noise), seeds=[seed])
        shown[noise, seed] = watched.shown[0]
    assert shown[0.0, 0] == shown[0.0, 1]
    assert shown[0.5, 0] != shown[0.5, 1]
    everything = Watched(STRATEGIES["exhaustive"])
    replay_strategy(table, everything, ReplaySettings(15, 2, noise=0.5), seeds=range(30))
    away = [
        (of_tasks[t] - table.select[s][0][t]) / table.spread[t]
        for known in everything.shown
        if len(known) == 14
        for s, of_tasks in known.items()
        for t in s
    ]
    assert np.std(away) == pytest.approx(0.5, rel=0.15)


@EVERY_STRATEGY
def test_losses_are_scores_turned_round(name):
    """The same table as losses must give the same choices, and scores with the other sign."""
    scores = replay_strategy(table_of(14), STRATEGIES[name], ReplaySettings(12, 2), seeds=[0])
    losses = replay_strategy(table_of(14, sign=-1.0), STRATEGIES[name], ReplaySettings(12, 2), seeds=[0])
    assert losses.scores["score"].to_numpy() == pytest.approx(-scores.scores["score"].to_numpy())
    assert (losses.baseline, losses.achievable) == pytest.approx((-scores.baseline, -scores.achievable))
    assert losses.curve["share"].to_numpy() == pytest.approx(scores.curve["share"].to_numpy())


@EVERY_STRATEGY
def test_an_incomplete_table_is_replayed_with_what_it_has(name):
    subsets = [s for s in EVERYTHING if s not in [("t00", "t01"), ("t01", "t02", "t03")]]
    result = replay_strategy(
        table_of(15, subsets=subsets), STRATEGIES[name], ReplaySettings(40, 2), seeds=[0]
    )
    assert max(result.stopped) <= len(subsets)


@EVERY_STRATEGY
def test_where_the_first_rows_serve_too_few_tasks_the_score_is_missing_until_others_do(name):
    """A table without all-in-one, and fewer networks than tasks."""
    result = replay_strategy(
        table_of(16, subsets=EVERYTHING[:-1]), STRATEGIES[name], ReplaySettings(14, 2), seeds=[0]
    )
    assert math.isnan(result.baseline)
    assert math.isnan(result.scores["score"].iloc[0])
    if name == "exhaustive":
        assert result.scores["score"].iloc[-1] == pytest.approx(result.achievable)


@EVERY_STRATEGY
def test_one_task_is_served_by_its_only_network(name):
    table = MeasuredTable(("a",), {("a",): [{"a": 0.5}]}, {("a",): {"a": 0.25}})
    result = replay_strategy(table, STRATEGIES[name], ReplaySettings(1, 2, noise=0.1), seeds=[0])
    assert result.curve[["runs", "score"]].to_numpy().tolist() == [[1, 0.25]]


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        (ReplaySettings(4, 2), "runs is 4, but single tasks and all-in-one alone take 5"),
        (ReplaySettings(9, 2, repeats=2), "alone take 10"),
        (ReplaySettings(50, 2, repeats=3), r"repeats is 3, but subset 't00' has 2 rows; give at most 2"),
    ],
)
def test_too_few_runs_or_rows_are_refused(settings, told):
    with pytest.raises(InputError, match=told):
        replay_strategy(table_of(n_rows=2), STRATEGIES["random"], settings, seeds=[0])


def test_a_task_that_no_first_row_serves_is_named():
    with pytest.raises(InputError, match="neither task 't02' alone nor all tasks together"):
        replay_strategy(
            table_of(subsets=[("t00",), ("t01",), ("t03",), ("t02", "t03")]),
            STRATEGIES["random"],
            ReplaySettings(9, 2),
            seeds=[0],
        )


def test_the_interval_is_over_replays_and_missing_for_one():
    result = replay_strategy(
        table_of(17, n_rows=4), STRATEGIES["random"], ReplaySettings(12, 2), seeds=range(5)
    )
    curve = result.curve
    assert (curve["low"] <= curve["score"]).all()
    assert (curve["score"] <= curve["high"]).all()
    assert (curve["low"] < curve["high"]).any()
    at_end = result.scores[result.scores["runs"] == 12]["score"]
    half = 2.7764 * at_end.std(ddof=1) / math.sqrt(5)
    assert curve["high"].iloc[-1] == pytest.approx(at_end.mean() + half, rel=1e-4)
    one = replay_strategy(table_of(17), STRATEGIES["random"], ReplaySettings(12, 2), seeds=[0])
    assert one.curve[["low", "high"]].isna().all(axis=None)


def test_shares_are_of_the_way_from_the_baseline_to_what_is_achievable():
    result = Replay(table_scores([1.0, 1.5, 2.0]), baseline=1.0, achievable=3.0, stopped=(3,))
    assert result.curve["share"].tolist() == [0.0, 0.25, 0.5]
    losses = Replay(table_scores([3.0, 2.5, 1.0]), baseline=3.0, achievable=1.0, stopped=(3,), sign=-1.0)
    assert losses.curve["share"].tolist() == [0.0, 0.25, 1.0]


def table_scores(scores: list[float]):
    import pandas as pd

    return pd.DataFrame({"seed": 0, "runs": range(1, len(scores) + 1), "score": scores})


def test_every_task_is_served_by_a_subset_that_holds_it():
    values = {s: rows[0] for s, rows in table_of(18).select.items()}
    for groups in (1, 2, 3, 4):
        serving = chosen(values, TASKS, ReplaySettings(15, groups))
        assert all(task in subset for task, subset in serving.items())
        assert len(set(serving.values())) <= groups
