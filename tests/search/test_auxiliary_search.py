"""Searching with tasks that only ride along, on scores with a planted truth."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from fake_executor import FakeExecutor
from planted import document

import taskgroup as tg
from taskgroup.cli.words import recommendation_lines
from taskgroup.errors import InputError
from taskgroup.reporting import write_report
from taskgroup.search import Driver, Lab, Outcome, Silent, conclude, make_plan, require_feasible
from taskgroup.search.auxiliary_table import AUXILIARY_COLUMNS, auxiliary_table
from taskgroup.seeds import derive_seed
from taskgroup.spec import RunResult, RunSpec, Study, parse_study
from taskgroup.storage import SqlRecord, open_record

ROLES = {"hint": "auxiliary", "a": "main", "b": "main", "junk": "auxiliary"}
HELP = {("a", "hint"): 0.3, ("b", "hint"): -0.2, ("a", "b"): -0.1, ("b", "a"): -0.1}


def gain(subset: tuple[str, ...], task: str) -> float:
    return sum(HELP.get((task, source), 0.0) for source in subset)


def score_of(run: RunSpec, task: str, split: str) -> float:
    rng = np.random.default_rng(derive_seed(run.subset_name, task, split, run.seed))
    return float(1 - 0.5 * (1 - gain(run.subset, task)) * (1 + 0.02 * rng.normal()))


class MainOnly(FakeExecutor):
    """Scores main tasks alone, as every executor does."""

    def _result(self, run: RunSpec) -> RunResult:
        result = super()._result(run)
        kept = tuple(s for s in result.scores if ROLES[s.task] == "main")
        return RunResult(run, result.status, kept, seconds=result.seconds, epochs=result.epochs)


def study_of(roles: dict[str, str] = ROLES, **sections: Any) -> Study:
    search = {"runs": 200, "seeds": 4, "confirm_seeds": 5, "hints": [], **sections.pop("search", {})}
    tasks = [{"name": name, "kind": "regression", "role": role} for name, role in roles.items()]
    return parse_study(document("memory", tasks=tasks, search=search, **sections))


def search(record: SqlRecord, study: Study, executor: FakeExecutor) -> Outcome:
    study_id = record.open_study(study, data_fingerprint="rows")
    lab = Lab(executor, record, study_id, "context", Silent())
    dataset: Any = SimpleNamespace(n_inputs=8)
    Driver(study, dataset, lab=lab, record=record, study_id=study_id, progress=Silent()).search()
    return conclude(study, record, study_id, make_plan(study))


@pytest.fixture
def record() -> Iterator[SqlRecord]:
    with open_record("sqlite://") as record:
        yield record


@pytest.mark.parametrize("strategy", ["active", "hoa", "pairs", "random", "exhaustive"])
def test_the_auxiliary_that_helps_is_recommended_where_it_helps(record, strategy):
    """Every strategy must find who should ride along with whom, and never train auxiliaries alone."""
    executor = MainOnly(score_of)
    found = search(record, study_of(search={"strategy": strategy}), executor)
    serving = {task: n.subset for n in found.recommendation.networks for task in n.serves}
    assert set(serving) == {"a", "b"}
    assert "hint" in serving["a"]
    assert "hint" not in serving["b"]
    assert found.recommendation.gain > 0.1
    trained = {run.subset for run in executor.trained}
    assert {("a",), ("b",), ("a", "b")} <= trained
    assert all({"a", "b"} & set(subset) for subset in trained)
    assert all(subset == tuple(name for name in ROLES if name in subset) for subset in trained)


def test_what_is_found_of_each_auxiliary(record, tmp_path, taskgroup):
    """The question of an auxiliary task is whether it helps, whom, and how sure that is."""
    study = study_of(search={"strategy": "exhaustive"})
    found = search(record, study, MainOnly(score_of))
    table = found.auxiliaries
    assert tuple(table.columns) == AUXILIARY_COLUMNS
    alone = table[table["beside"] == table["target"]].set_index(["auxiliary", "target"])
    assert alone.loc[("hint", "a"), "gain"] == pytest.approx(0.3, abs=0.05)
    assert alone.loc[("hint", "a"), "q_value"] < 0.05
    assert alone.loc[("hint", "b"), "high"] < 0
    assert alone.loc[("junk", "a"), "q_value"] > 0.05
    larger = table[(table["beside"] == "a+b") & (table["target"] == "a")].set_index("auxiliary")
    assert larger.loc["hint", "gain"] == pytest.approx(0.3, abs=0.05)
    assert larger.loc["hint", "subset"] == "hint+a+b"
    affinity = found.affinity
    assert list(affinity.estimate.index) == ["a", "b"]
    assert list(affinity.estimate.columns) == list(ROLES)
    assert affinity.estimate.isna().sum().sum() == 2
    assert affinity.document()["sources"] == list(ROLES)
    assert set(found.transfer["target"]) == {"a", "b"}
    lines = "\n".join(recommendation_lines(found))
    assert "hint helps a" in lines
    assert "trained with auxiliary hint" in lines
    paths = write_report(found, tmp_path)
    page = paths.html.read_text()
    assert "Do the auxiliary tasks help?" in page
    assert "hint for a helps beyond seed noise" in page
    assert "hint (auxiliary)" in page
    pairs = pd.read_csv(paths.affinity_csv)
    assert set(pairs["source"]) == set(ROLES)


def test_useless_auxiliaries_are_not_recommended(record):
    """What cannot be told from chance costs training and promises nothing."""
    roles = {"a": "main", "b": "main", "junk": "auxiliary", "hint": "auxiliary"}

    def no_help(run: RunSpec, task: str, split: str) -> float:
        rng = np.random.default_rng(derive_seed(run.subset_name, task, split, run.seed))
        return float(0.5 + 0.01 * rng.normal())

    found = search(record, study_of(roles), MainOnly(no_help))
    subsets = {network.subset for network in found.recommendation.networks}
    assert subsets in ({("a",), ("b",)}, {("a", "b")})


def test_one_main_task_and_its_company(record):
    """A single task to serve is the usual case for hints."""
    roles = {"a": "main", "hint": "auxiliary"}
    executor = MainOnly(score_of)
    found = search(record, study_of(roles, grouping={}), executor)
    (network,) = found.recommendation.networks
    assert (network.subset, network.serves, network.cost) == (("a", "hint"), ("a",), 1.0)
    assert {run.subset for run in executor.trained} == {("a",), ("a", "hint")}


def test_serving_costs_nothing_for_who_only_rides_along(record):
    """Private blocks of an auxiliary task are not served; a budget must not charge for them."""
    sections = {
        "model": {"widths": [8, 8]},
        "grouping": {"budget": 2.0},
        "search": {"sharing": {"depth": [1]}, "strategy": "exhaustive"},
    }
    found = search(record, study_of(**sections), MainOnly(score_of))
    assert found.recommendation.cost == 2.0
    assert any("hint" in network.subset for network in found.recommendation.networks)


def test_matched_baselines_count_who_is_served(record):
    """A network of one task and a hint costs as much as that task alone, and is compared with it."""
    study = study_of(search={"baseline": "matched", "strategy": "exhaustive", "runs": 300})
    executor = MainOnly(score_of)
    found = search(record, study, executor)
    both = found.matched_transfer.set_index(["target", "subset"])["gain"]
    full = found.transfer.set_index(["target", "subset"])["gain"]
    assert both["a", "hint+a"] == pytest.approx(full["a", "hint+a"])
    narrow = {(run.subset, run.capacity) for run in executor.trained if run.capacity < 1}
    assert {subset for subset, _ in narrow} == {("a",), ("b",)}
    assert len({capacity for _, capacity in narrow}) == 1
    assert ("a", "hint+a+b") in both.index


def test_rules_may_name_auxiliaries(record):
    """Who must not train together holds for company too."""
    study = study_of(grouping={"cannot_link": [["a", "hint"]]}, search={"strategy": "exhaustive"})
    require_feasible(study)
    executor = MainOnly(score_of)
    search(record, study, executor)
    assert not any({"a", "hint"} <= set(run.subset) for run in executor.trained)


def test_without_overlap_company_may_still_be_shared(record):
    """Tasks are divided among networks; an auxiliary belongs to nobody and may train in several."""
    roles = {"a": "main", "b": "main", "hint": "auxiliary"}

    def both_helped(run: RunSpec, task: str, split: str) -> float:
        rng = np.random.default_rng(derive_seed(run.subset_name, task, split, run.seed))
        truth = 0.3 * ("hint" in run.subset) - 0.3 * ({"a", "b"} <= set(run.subset))
        return float(1 - 0.5 * (1 - truth) * (1 + 0.02 * rng.normal()))

    study = study_of(roles, grouping={"overlap": False})
    found = search(record, study, MainOnly(both_helped))
    assert {n.subset for n in found.recommendation.networks} == {("a", "hint"), ("b", "hint")}


def test_an_interrupted_search_goes_on_alike(record):
    """Whether somebody rides along must not depend on where a search was stopped."""
    study = study_of()
    with pytest.raises(KeyboardInterrupt):
        search(record, study, MainOnly(score_of, stop_at=9))
    resumed = search(record, study, MainOnly(score_of))
    with open_record("sqlite://") as fresh:
        whole = search(fresh, study, MainOnly(score_of))
    assert resumed.recommendation == whole.recommendation


def test_no_auxiliaries_no_table():
    """Studies of main tasks alone must not trip over a table that they have no use for."""
    columns = ["task", "subset", "seed", "split", "gain"]
    empty = auxiliary_table(pd.DataFrame(columns=columns), ())
    assert empty.empty
    assert tuple(empty.columns) == AUXILIARY_COLUMNS


def train(request: tg.Request) -> dict[str, float]:
    """Scores of main tasks alone."""
    main = [task for task in request.subset if ROLES[task] == "main"]
    return {task: 10 + gain(request.subset, task) + 0.001 * (request.seed % 3) for task in main}


@pytest.mark.parametrize("strategy", ["active", "hoa", "pairs", "random", "exhaustive"])
@pytest.mark.parametrize("confirm", [False, True])
def test_a_function_with_auxiliaries(strategy, confirm):
    """A trainer of the user's is told who rides along, and need not say how well that goes."""
    calls = []

    def noted(request: tg.Request) -> dict[str, float]:
        calls.append(request.subset)
        return train(request)

    options = {"strategy": strategy, "confirm": confirm, "seeds": 2, "groups": 2}
    found = tg.search(["a", "b"], train=noted, auxiliary=["hint", "junk"], runs=60, **options)
    serving = {task: n.subset for n in found.recommendation.networks for task in n.serves}
    assert set(serving) == {"a", "b"}
    assert "hint" in serving["a"]
    assert "hint" not in serving["b"]
    assert all({"a", "b"} & set(subset) for subset in calls)
    assert set(found.auxiliaries["auxiliary"]) <= {"hint", "junk"}


def test_one_function_task_with_a_hint():
    """The smallest case: one task, one companion, no networks of ours."""
    found = tg.search(["a"], train=train, auxiliary=["hint"], runs=10, confirm=False)
    assert found.recommendation.networks[0].subset == ("a", "hint")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"candidates": [["a"], ["hint"]]}, "auxiliary tasks alone"),
        ({"candidates": [["hint", "a"]]}, None),
        ({"importance": {"hint": 2.0}}, "importance names the unknown task 'hint'"),
        ({"auxiliary": 3}, "auxiliary is 3"),
        ({"auxiliary": ["a"]}, "stands twice"),
    ],
)
def test_wrong_arguments_are_refused(arguments, message):
    """A wrong name must cost no call."""
    options = {"auxiliary": ["hint"], "runs": 20, "confirm": False, **arguments}
    if message is None:
        found = tg.search(["a"], train=train, **options)
        assert found.recommendation.networks[0].subset == ("a", "hint")
        return
    with pytest.raises(InputError, match=message):
        tg.search(["a"], train=train, **options)


def test_all_possible_subsets_are_counted():
    """A plan that thought all was measured would end a search of one task before its hint was tried."""
    for n_main, n_auxiliary in itertools.product((1, 2, 3), (0, 1, 2)):
        if n_main + n_auxiliary < 2:
            continue
        roles = {f"m{i}": "main" for i in range(n_main)} | {f"x{i}": "auxiliary" for i in range(n_auxiliary)}
        study = study_of(roles, search={"runs": 9000, "strategy": "pairs"}, training={"learning_rate": 0.01})
        names, main = study.task_names, set(study.main_names)
        every = [
            subset
            for size in range(2, len(names) + 1)
            for subset in itertools.combinations(names, size)
            if main & set(subset) and subset != study.main_names
        ]
        assert make_plan(study).n_subsets == len(every)


def test_auxiliaries_are_trained_by_their_labels_beside_tasks_that_are_taught():
    """A teacher is the baseline of its task, and an auxiliary task has none."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(120, 3))
    table = pd.DataFrame(x, columns=list("pqr")).assign(a=x[:, 0] ** 2, b=x[:, 1], hint=x[:, 0] > 0)
    tasks = [
        {"name": "a", "kind": "regression"},
        {"name": "hint", "kind": "binary", "role": "auxiliary"},
        {"name": "b", "kind": "regression"},
    ]
    training = {"epochs": 3, "learning_rate": 0.01, "weight_decay": 0.01}
    study = parse_study(document("memory", tasks=tasks, training=training))
    taught = tg.measure(study, [("a", "hint", "b")], seeds=2, data=table, distillation="fixed")
    assert set(taught.transfer["target"]) == {"a", "b"}
    assert (taught.runs["status"] == "ok").all()
    assert set(taught.runs["subset"]) == {"a", "b", "a+hint+b"}
