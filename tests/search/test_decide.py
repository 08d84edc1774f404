"""The decision on fresh seeds: a recommendation must beat the better baseline beyond noise, or say so."""

from __future__ import annotations

import math
from collections.abc import Mapping

import pandas as pd
import pytest

from taskgroup.grouping import Grouping, Network
from taskgroup.search.confirm import Confirmation, Decision, all_in_one, decide, single_task
from taskgroup.spec import Study, parse_study

SEEDS = (0, 1, 2)
WOBBLE = (0.98, 1.0, 1.02)
ALONE, JOINT, PAIRS = (("a",), ("b",), ("c",)), (("a", "b", "c"),), (("a", "b"), ("c",))


@pytest.fixture(scope="module")
def study() -> Study:
    tasks = [{"name": name, "kind": "regression", "metric": "rmse"} for name in "abc"]
    return parse_study({"name": "s", "data": {"source": "memory"}, "tasks": tasks})


def grouping(*subsets: tuple[str, ...]) -> Grouping:
    networks = tuple(Network(subset, subset) for subset in subsets)
    return Grouping(networks, cost=float(len(networks)), select_total=0.0)


def fresh_runs(errors: Mapping[str, float], *, wobble: tuple[float, ...] = WOBBLE) -> pd.DataFrame:
    """Each subset with one error for all its tasks, on both splits; the seeds wobble around it."""
    rows = [
        (subset, task, seed, split, error * factor)
        for subset, error in errors.items()
        for task in subset.split("+")
        for seed, factor in zip(SEEDS, wobble, strict=True)
        for split in ("validation", "test")
    ]
    return pd.DataFrame(rows, columns=["subset", "task", "seed", "split", "value"])


def decided(
    study: Study, runs: pd.DataFrame, *, alone_fits: bool = True, joint_fits: bool = True
) -> Decision:
    return decide(
        [grouping(*PAIRS)],
        {"single_task": grouping(*ALONE), "all_in_one": grouping(*JOINT)},
        {"single_task": alone_fits, "all_in_one": joint_fits},
        Confirmation(runs, study.tasks, SEEDS),
        study,
    )


SINGLE = {"a": 1.0, "b": 1.0, "c": 1.0}


@pytest.mark.parametrize(
    ("joint", "pair", "better"), [(2.0, 0.5, "training every task alone"), (0.9, 0.5, "one network for all")]
)
def test_the_better_baseline_must_be_beaten(study, joint, pair, better):
    decision = decided(study, fresh_runs({**SINGLE, "a+b": pair, "a+b+c": joint}))
    assert {network.subset for network in decision.networks} == set(PAIRS)
    assert decision.serving == {"a": "a+b", "b": "a+b", "c": "c"}
    assert f"beats {better}" in decision.verdict
    assert "the better baseline, beyond seed noise" in decision.verdict


def test_what_does_not_beat_it_beyond_noise_is_not_recommended(study):
    """On average better, but not at every seed: the baseline stands, and the sentence says by how much."""
    pairs = fresh_runs({"a+b": 0.95}, wobble=(0.5, 1.0, 1.5))
    runs = pd.concat([fresh_runs({**SINGLE, "a+b+c": 2.0}), pairs], ignore_index=True)
    decision = decided(study, runs)
    assert decision.serving == single_task(study.tasks)
    assert "No grouping beats training every task alone beyond seed noise" in decision.verdict
    assert "+3.7% [-" in decision.verdict


@pytest.mark.parametrize(("joint", "winner"), [(2.0, single_task), (0.5, all_in_one)])
def test_a_baseline_that_does_best_is_recommended(study, joint, winner):
    decision = decided(study, fresh_runs({**SINGLE, "a+b": 1.5, "a+b+c": joint}))
    assert decision.serving == winner(study.tasks)
    assert "did best" in decision.verdict


def test_a_baseline_beyond_the_limit_is_no_rival_but_is_mentioned(study):
    """Users learn what their limit costs them."""
    decision = decided(study, fresh_runs({**SINGLE, "a+b": 1.2, "a+b+c": 2.0}), alone_fits=False)
    assert decision.serving == {"a": "a+b", "b": "a+b", "c": "c"}
    assert "the baseline that keeps within the limit" in decision.verdict
    assert "3 networks exceed the serving limit or break the rules" in decision.verdict


def test_without_any_rival_the_best_found_is_recommended(study):
    runs = fresh_runs({**SINGLE, "a+b": 1.2, "a+b+c": math.nan})
    decision = decided(study, runs, alone_fits=False)
    assert decision.serving == {"a": "a+b", "b": "a+b", "c": "c"}
    assert "no baseline" in decision.verdict


def test_gains_are_paired_and_weighted_by_importance(study):
    tasks = [task.model_copy(update={"importance": 3.0 if task.name == "c" else 0.5}) for task in study.tasks]
    confirmation = Confirmation(fresh_runs({**SINGLE, "a+b": 0.5}), tasks, SEEDS)
    serving = {"a": "a+b", "b": "a+b", "c": "c"}
    advantage = confirmation.advantage(serving, single_task(tasks), "test")
    assert advantage.gain == pytest.approx((2 * 0.5 * 0.5) / 4)
    assert (advantage.low, advantage.high) == pytest.approx((advantage.gain, advantage.gain))


def test_seeds_with_a_failed_run_are_left_out(study):
    runs = fresh_runs({**SINGLE, "a+b": 0.5})
    runs = runs[~((runs["subset"] == "a+b") & (runs["seed"] == 2))]
    confirmation = Confirmation(runs, study.tasks, SEEDS)
    serving = {"a": "a+b", "b": "a+b", "c": "c"}
    assert confirmation.advantage(serving, single_task(study.tasks), "test").gain == pytest.approx(1 / 3)


def test_task_gains_name_who_serves_whom(study):
    confirmation = Confirmation(fresh_runs({**SINGLE, "a+b": 0.5}), study.tasks, SEEDS)
    table = confirmation.task_gains("recommended", {"a": "a+b", "b": "a+b", "c": "c"})
    assert table[["task", "subset"]].to_numpy().tolist() == [["a", "a+b"], ["b", "a+b"], ["c", "c"]]
    assert table["gain"].tolist() == pytest.approx([0.5, 0.5, 0.0])
    assert table.loc[2, ["low", "high"]].tolist() == [0.0, 0.0]
