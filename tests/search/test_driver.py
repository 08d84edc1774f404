"""The search of a study, on scores with a planted truth: what it recommends and what it dares to claim."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from fake_executor import FakeExecutor, ScoreOf
from planted import TASKS, document

from taskgroup.errors import RunFailedError
from taskgroup.grouping import Grouping
from taskgroup.search import Driver, Lab, Outcome, Silent, conclude, make_plan
from taskgroup.search.matched import not_trained
from taskgroup.seeds import derive_seed
from taskgroup.spec import RunSpec, Study, Subset, parse_study
from taskgroup.storage import SqlRecord, open_record

Truth = Callable[[Subset, str], float]
"""The gain of a task in a subset."""


def friends(subset: Subset, task: str) -> float:
    """a and b help each other, and c and d; each stranger in the network hurts."""
    friend = {"a": "b", "b": "a", "c": "d", "d": "c"}[task]
    strangers = len(set(subset) - {task, friend})
    return 0.2 * (friend in subset) - 0.3 * strangers


def unrelated(subset: Subset, task: str) -> float:
    return 0.0


def noisy(truth: Truth, *, noise: float = 0.02, lottery: int = 0) -> ScoreOf:
    """R² of runs whose error is 0.5 without transfer; each run and split draws its own noise."""

    def score_of(run: RunSpec, task: str, split: str) -> float:
        rng = np.random.default_rng(derive_seed(lottery, run.subset_name, task, split, run.seed))
        return float(1 - 0.5 * (1 - truth(run.subset, task)) * (1 + noise * rng.normal()))

    return score_of


def study_of(**sections: Any) -> Study:
    search = {"runs": 200, "seeds": 4, "confirm_seeds": 5, "hints": [], **sections.pop("search", {})}
    return parse_study(document("memory", search=search, **sections))


@dataclass(frozen=True)
class Searched:
    outcome: Outcome
    executor: FakeExecutor

    @property
    def grouping(self) -> Grouping:
        return self.outcome.recommendation

    @property
    def subsets(self) -> set[Subset]:
        return {network.subset for network in self.grouping.networks}


def search(record: SqlRecord, study: Study, executor: FakeExecutor) -> Searched:
    study_id = record.open_study(study, data_fingerprint="rows")
    lab = Lab(executor, record, study_id, "context", Silent())
    dataset: Any = SimpleNamespace(n_inputs=8)
    Driver(study, dataset, lab=lab, record=record, study_id=study_id, progress=Silent()).search()
    return Searched(conclude(study, record, study_id, make_plan(study)), executor)


@pytest.fixture
def record() -> Iterator[SqlRecord]:
    with open_record("sqlite://") as record:
        yield record


@pytest.fixture(scope="module")
def two_groups() -> Searched:
    """The everyday search: two planted groups, two networks."""
    with open_record("sqlite://") as record:
        return search(record, study_of(), FakeExecutor(noisy(friends)))


def test_planted_groups_are_found(two_groups):
    assert two_groups.subsets == {("a", "b"), ("c", "d")}
    assert two_groups.grouping.confirmed
    assert "beyond seed noise" in two_groups.grouping.verdict


def test_the_gain_is_that_of_the_truth(two_groups):
    grouping = two_groups.grouping
    assert grouping.gain == pytest.approx(0.2, abs=0.03)
    assert 0 < grouping.low < grouping.gain < grouping.high
    assert grouping.baseline_gains["single_task"] == 0.0
    assert grouping.baseline_gains["all_in_one"] == pytest.approx(-0.4, abs=0.05)
    assert grouping.versus["all_in_one"]["gain"] > 0.3


def test_the_reported_gain_is_that_of_fresh_seeds_on_test_rows(two_groups):
    """Everything else was chosen by, so that it is too good to be true."""
    plan, runs = make_plan(two_groups.outcome.study), two_groups.outcome.runs
    fresh = runs[(runs["split"] == "test") & runs["seed"].isin(plan.fresh_seeds)]
    own = fresh[fresh["subset"].isin(["a+b", "c+d"])]
    assert two_groups.grouping.gain == pytest.approx(own["gain"].mean())


def test_affinity_and_negative_transfer_show_the_truth(two_groups):
    affinity, flagged = two_groups.outcome.affinity.estimate, two_groups.outcome.negative_transfer
    for target in TASKS:
        for source in set(TASKS) - {target}:
            expected = friends((target, source), target)
            assert affinity.loc[target, source] == pytest.approx(expected, abs=0.06)
    subsets = flagged[flagged["n_tasks"] == 2]["subset"]
    assert set(subsets) == {"a+c", "a+d", "b+c", "b+d"}
    assert (flagged["gain"] < 0).all()


def test_no_more_is_trained_than_was_allowed_and_nothing_twice(two_groups):
    trained = two_groups.executor.trained
    assert len(trained) == len(set(trained)) <= two_groups.outcome.study.search.runs
    assert two_groups.outcome.stages["runs"].sum() == len(trained)


def test_baselines_get_the_same_seeds_as_what_they_are_compared_with(two_groups):
    plan = make_plan(two_groups.outcome.study)
    for subset in [*((task,) for task in TASKS), TASKS]:
        seeds = {run.seed for run in two_groups.executor.trained if run.subset == subset}
        assert seeds == {*plan.seeds, *plan.fresh_seeds}


@pytest.mark.parametrize("max_groups", [1, 2, 3, 4])
def test_the_limit_on_networks_is_kept(record, max_groups):
    study = study_of(grouping={"max_groups": max_groups})
    found = search(record, study, FakeExecutor(noisy(friends)))
    assert len(found.grouping.networks) <= max_groups
    served = [task for network in found.grouping.networks for task in network.serves]
    assert sorted(served) == list(TASKS)
    assert all(set(network.serves) <= set(network.subset) for network in found.grouping.networks)


@pytest.mark.parametrize(("budget", "depth"), [(1.0, [1]), (2.5, [1]), (2.5, [0, 1]), (4.0, [0])])
def test_the_serving_budget_is_kept(record, budget, depth):
    study = study_of(grouping={"budget": budget}, search={"sharing": {"depth": depth}})
    found = search(record, study, FakeExecutor(noisy(friends)))
    assert found.grouping.cost <= budget * (1 + 1e-9)
    assert found.grouping.cost == pytest.approx(sum(network.cost for network in found.grouping.networks))


def test_unrelated_tasks_are_not_grouped_by_chance():
    """The tool must say that nothing beats the baselines: here, whatever looks better is luck."""
    claims = 0
    for lottery in range(12):
        with open_record("sqlite://") as record:
            study = study_of(grouping={"max_groups": None}, search={"seeds": 2})
            executor = FakeExecutor(noisy(unrelated, noise=0.1, lottery=lottery))
            found = search(record, study, executor)
            claim = "beats" in found.grouping.verdict and "No grouping beats" not in found.grouping.verdict
            claims += claim
            if not claim:
                assert found.subsets in ({TASKS}, {(task,) for task in TASKS})
                assert "did best" in found.grouping.verdict or "No grouping" in found.grouping.verdict
    assert claims <= 2


@pytest.mark.parametrize(
    ("importance", "expected"), [(1, {("a", "c"), ("b", "d")}), (9, {("a", "b"), ("c", "d")})]
)
def test_importance_decides_who_is_served_best(record, importance, expected):
    """Only a likes to be with b; all others would rather have it another way."""

    def rivals(subset: Subset, task: str) -> float:
        if subset in (("a", "b"), ("c", "d")):
            return 0.4 if task == "a" else -0.1
        return 0.1 if subset in (("a", "c"), ("b", "d")) else -1.0

    tasks = [{"name": n, "kind": "regression", "importance": importance if n == "a" else 1} for n in TASKS]
    assert search(record, study_of(tasks=tasks), FakeExecutor(noisy(rivals))).subsets == expected


@pytest.mark.parametrize(
    ("rules", "kept"),
    [
        ({"cannot_link": [["a", "b"]]}, lambda subsets: not any({"a", "b"} <= set(s) for s in subsets)),
        ({"must_link": [["a", "c"]]}, lambda subsets: any({"a", "c"} <= set(s) for s in subsets)),
        ({"max_size": 1, "max_groups": 4}, lambda subsets: all(len(s) == 1 for s in subsets)),
        ({"min_size": 3}, lambda subsets: all(len(s) >= 3 for s in subsets)),
        ({"overlap": False}, lambda subsets: sum(map(len, subsets)) == len(TASKS)),
    ],
    ids=["cannot link", "must link", "largest size", "smallest size", "no overlap"],
)
@pytest.mark.parametrize("truth", [friends, unrelated])
def test_the_rules_of_the_study_are_kept(record, rules, kept, truth):
    """Whatever does better without them: a user who forbids something means it."""
    grouping = {"max_groups": 2, **rules}
    found = search(record, study_of(grouping=grouping), FakeExecutor(noisy(truth)))
    assert kept(found.subsets)


def test_a_search_cut_short_recommends_what_was_measured(record):
    found = search(record, study_of(search={"time": 1e-6}), FakeExecutor(noisy(friends)))
    assert found.subsets <= {TASKS, *((task,) for task in TASKS)}
    assert found.grouping.confirmed
    assert any("0 of 6 pairs were measured" in note for note in found.outcome.notes)


@pytest.mark.parametrize("stop_at", [0, 1, 4, 9, 13, 20, 24])
def test_an_interrupted_search_ends_like_an_undisturbed_one(record, two_groups, stop_at):
    with pytest.raises(KeyboardInterrupt):
        search(record, study_of(), FakeExecutor(noisy(friends), stop_at=stop_at))
    resumed = search(record, study_of(), FakeExecutor(noisy(friends)))
    assert resumed.grouping == two_groups.grouping
    assert resumed.executor.cohorts == two_groups.executor.cohorts[stop_at:]


def test_a_finished_search_trains_nothing_more(record):
    first = search(record, study_of(), FakeExecutor(noisy(friends)))
    again = search(record, study_of(), FakeExecutor(noisy(friends)))
    assert again.executor.trained == []
    assert again.grouping == first.grouping


def test_more_runs_go_on_from_what_is_there(record):
    """Raising search.runs must not start from scratch."""
    small, large = study_of(search={"runs": 80}), study_of(search={"runs": 200})
    first = search(record, small, FakeExecutor(noisy(friends)))
    more = search(record, large, FakeExecutor(noisy(friends)))
    assert not set(more.executor.trained) & set(first.executor.trained)
    assert more.executor.trained


def matched_gains(score_of: ScoreOf) -> ScoreOf:
    """Narrow networks have half as much error again."""

    def narrow(run: RunSpec, task: str, split: str) -> float:
        worse = 1.5 if run.capacity < 1 else 1.0
        return 1 - worse * (1 - score_of(run, task, split))

    return narrow


MATCHED = {"search": {"baseline": "matched", "runs": 400}}


def test_matched_baselines_are_reported_beside_the_full_ones_and_decide_nothing(record):
    study, score_of = study_of(**MATCHED), matched_gains(noisy(friends))
    found = search(record, study, FakeExecutor(score_of))
    full = search(record, study_of(name="full", search={"runs": 400}), FakeExecutor(score_of))
    assert found.grouping == full.grouping
    transfer, matched = (
        t.set_index(["target", "subset"]) for t in (full.outcome.transfer, found.outcome.matched_transfer)
    )
    pd.testing.assert_frame_equal(found.outcome.transfer, full.outcome.transfer)
    assert set(matched["baseline"]) == {"single_task_matched"}
    assert set(matched.index) == set(transfer.index)
    expected = 1 - (1 - transfer["gain"]) / 1.5  # error_joint / (1.5 error_single)
    assert matched["gain"].sub(expected).abs().max() < 0.02
    assert full.outcome.matched_transfer.empty
    assert list(full.outcome.matched_transfer) == list(found.outcome.matched_transfer)


def test_matched_baselines_train_after_the_subsets_and_before_the_confirmation(record):
    found = search(record, study_of(**MATCHED), FakeExecutor(noisy(friends)))
    stages = found.outcome.stages["stage"].tolist()
    assert stages.index("matched baselines") == len(stages) - 2
    narrow = [run for run in found.executor.trained if run.capacity < 1]
    assert len(narrow) == found.outcome.stages.set_index("stage").loc["matched baselines", "runs"]
    assert all(len(run.subset) == 1 for run in narrow)
    assert {run.seed for run in narrow} == set(make_plan(study_of(**MATCHED)).seeds)


@pytest.mark.parametrize(("runs", "missing"), [(100, [3, 4]), (130, []), (200, []), (260, [])])
def test_matched_baselines_keep_within_the_runs_and_say_what_is_missing(record, runs, missing):
    study = study_of(search={"baseline": "matched", "runs": runs})
    found = search(record, study, FakeExecutor(noisy(friends)))
    assert len(found.executor.trained) <= runs
    outcome = found.outcome
    assert sorted(set(outcome.transfer["n_tasks"]) - set(outcome.matched_transfer["n_tasks"])) == missing
    said = [note for note in outcome.notes if "capacity-matched" in note]
    assert said == ([not_trained(missing)] if missing else [])


@pytest.mark.parametrize("after", [0, 1, 7, 20])
def test_an_interruption_changes_nothing_about_matched_baselines(record, after):
    study, score_of = study_of(**MATCHED), matched_gains(noisy(friends))
    with open_record("sqlite://") as other:
        undisturbed = search(other, study, FakeExecutor(score_of))
    narrow = [cohort[0].capacity < 1 for cohort in undisturbed.executor.cohorts]
    stop_at = narrow.index(True) + after
    with pytest.raises(KeyboardInterrupt):
        search(record, study, FakeExecutor(score_of, stop_at=stop_at))
    resumed = search(record, study, FakeExecutor(score_of))
    assert resumed.executor.cohorts == undisturbed.executor.cohorts[stop_at:]
    pd.testing.assert_frame_equal(resumed.outcome.matched_transfer, undisturbed.outcome.matched_transfer)
    assert resumed.grouping == undisturbed.grouping


def test_matched_baselines_may_be_asked_for_after_a_search(record):
    first = search(record, study_of(search={"runs": 400}), FakeExecutor(noisy(friends)))
    more = search(record, study_of(**MATCHED), FakeExecutor(noisy(friends)))
    assert all(run.capacity < 1 for run in more.executor.trained)
    assert not more.outcome.matched_transfer.empty
    assert more.grouping == first.grouping


def test_where_every_single_task_run_fails_the_search_ends_with_the_reason(record):
    executor = FakeExecutor(fails=lambda run: run.subset == ("b",))
    with pytest.raises(RunFailedError, match=r"single-task run of task 'b'.*meant to fail"):
        search(record, study_of(), executor)


def test_failed_runs_are_left_out_and_told(record):
    """One bad seed of one pair costs no more than itself."""
    bad = make_plan(study_of()).seeds[0]
    executor = FakeExecutor(noisy(friends), fails=lambda run: run.subset == ("a", "c") and run.seed == bad)
    found = search(record, study_of(), executor)
    assert found.subsets == {("a", "b"), ("c", "d")}
    assert any("1 run" in note and "meant to fail" in note for note in found.outcome.notes)
    transfer = found.outcome.transfer.set_index(["target", "subset"])
    assert transfer.loc[("a", "a+c"), "n_seeds"] == 3
    assert transfer.loc[("a", "a+b"), "n_seeds"] == 4


def test_without_all_in_one_the_others_are_grouped(record):
    """The largest network is the first that runs out of memory."""
    executor = FakeExecutor(noisy(friends), fails=lambda run: run.subset == TASKS)
    found = search(record, study_of(), executor)
    assert found.subsets == {("a", "b"), ("c", "d")}
    assert found.grouping.gain == pytest.approx(0.2, abs=0.03)


def test_where_joint_training_always_fails_single_tasks_are_left(record):
    def fails(run: RunSpec) -> bool:
        return len(run.subset) > 1

    alone = search(record, study_of(name="free", grouping={"max_groups": None}), FakeExecutor(fails=fails))
    assert alone.subsets == {(task,) for task in TASKS}
    with pytest.raises(RunFailedError, match="grouping limit"):
        search(record, study_of(), FakeExecutor(fails=fails))


def test_two_tasks_are_the_smallest_study(record):
    tasks = [{"name": name, "kind": "regression"} for name in "ab"]
    study = study_of(tasks=tasks, grouping={})
    assert search(record, study, FakeExecutor(noisy(friends))).subsets == {("a", "b")}
