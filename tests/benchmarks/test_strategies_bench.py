"""The comparison of strategies must be right on tiny cases, or what it says of the tool is not evidence."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from benchmarks.strategies.cases import Budgets, Case
from benchmarks.strategies.one_replay import Job, replay_once
from benchmarks.strategies.page import write_page
from benchmarks.strategies.record import Record, decoded, encoded
from benchmarks.strategies.schedule import measure, planned
from benchmarks.strategies.simulators import WORLDS, simulated_table
from benchmarks.strategies.summary import comparison
from taskgroup.affinity import predict_from_pairs

SMALL = Case("sim_pairs_6", "design", 6)


@pytest.mark.parametrize("name", WORLDS)
def test_a_cell_is_the_same_however_it_is_reached(name):
    table = simulated_table(name, 6, seed=3, noisy=True)
    again = simulated_table(name, 6, seed=3, noisy=True)
    assert table.select == again.select
    assert table.is_complete
    assert all(table.report[(task,)] == {task: 0.0} for task in table.tasks)


@pytest.mark.parametrize("name", WORLDS)
def test_many_tasks_have_candidates_that_serve_everyone(name):
    table = simulated_table(name, 20, seed=0, noisy=False)
    sizes = {len(subset) for subset in table.subsets}
    assert sizes == set(range(1, 21))
    assert sum(len(subset) == 2 for subset in table.subsets) == 190
    assert table.tasks in table.subsets


def test_the_mean_of_pairs_world_is_what_the_pair_based_strategy_assumes():
    values = simulated_table("pairs", 6, seed=0, noisy=False).report
    pairs = {
        (target, source): found[target]
        for (a, b), found in ((s, v) for s, v in values.items() if len(s) == 2)
        for target, source in ((a, b), (b, a))
    }
    for subset, found in values.items():
        if len(subset) > 2:
            assert predict_from_pairs(subset, pairs) == pytest.approx(found)


def test_interactions_cannot_be_read_off_pairs():
    values = simulated_table("interactions", 6, seed=0, noisy=False).report
    pairs = {
        (target, source): found[target]
        for (a, b), found in ((s, v) for s, v in values.items() if len(s) == 2)
        for target, source in ((a, b), (b, a))
    }
    errors = [
        abs(predict_from_pairs(s, pairs)[task] - found[task])
        for s, found in values.items()
        if len(s) > 2
        for task in s
    ]
    assert np.mean(errors) > 0.1 * np.std(list(pairs.values()))


def test_noise_belongs_to_the_repetition_and_not_to_what_is_scored():
    noisy, clean = (simulated_table("groups", 6, seed=1, noisy=noisy) for noisy in (True, False))
    assert noisy.report == clean.report
    first, second = noisy.select[noisy.tasks]
    assert first != second


def test_a_curve_is_read_back_at_every_number_of_runs():
    curve = np.array([-0.25, -0.25, 0.5, 0.5, 1.0, 1.0])
    text = encoded(curve, 7)
    assert text == "7:-0.25 9:0.5 11:1 12:1"
    assert decoded(text, range(7, 13)).tolist() == curve.tolist()
    assert np.isnan(decoded(text, [6, 13])).all()


def test_seeing_everything_without_noise_is_a_share_of_one():
    outcome = replay_once(Job(SMALL, "self", 3, "exhaustive", 0))
    assert outcome.curve.tolist() == pytest.approx([1.0])
    assert outcome.predicted == pytest.approx(outcome.realised)


def test_no_strategy_beats_the_best_grouping_and_all_start_with_the_baselines():
    for strategy in ("hoa", "pairs", "random"):
        outcome = replay_once(Job(SMALL, "self", 2, strategy, 1))
        assert outcome.first == Budgets.of_case(SMALL).of["first"]
        assert outcome.curve.max() <= 1 + 1e-9


def test_differences_are_paired_and_name_the_best_other():
    rows = [
        {"table": "t", "scoring": "self", "networks": 2, "part": "design", "n_tasks": 6, "budget": "pairs"}
        | {"runs": 21, "gap": 2.0, "strategy": strategy, "seed": seed, "share": share + seed / 10}
        for strategy, share in (("active", 0.5), ("hoa", 0.4), ("pairs", 0.6), ("random", 0.1))
        for seed in range(4)
    ]
    found = comparison(pd.DataFrame(rows)).iloc[0]
    assert found["best"] == "pairs"
    assert found["difference"] == pytest.approx(-0.1)
    assert found["high"] == pytest.approx(-0.1)
    assert found["absolute"] == pytest.approx(-0.2)


def test_an_interrupted_measurement_goes_on_and_becomes_a_page(tmp_path):
    record = Record(tmp_path / "results.csv")
    some: dict[str, Any] = {"strategies": ["hoa", "pairs", "random"], "large_seeds": 1, "record": record}
    measure(planned([SMALL], seeds=1, **some), record, workers=1)
    n_first = len(record.frame())
    plan = planned([SMALL], seeds=2, **some)
    assert len(plan.jobs) == n_first
    measure(plan, record, workers=1)
    assert not planned([SMALL], seeds=2, **some).jobs
    write_page(record, tmp_path)
    assert "| sim_pairs_6 |" in (tmp_path / "README.md").read_text()
    assert (tmp_path / "held_out_3.png").stat().st_size > 0
    assert record.drop(lambda key: key[3] == "hoa") == 12
