"""Linear models at the end of a search: the networks' rows, kept in the record, within bounded time."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from planted import TASKS, document, make_study, planted_table
from sklearn.linear_model import Ridge

import taskgroup as tg
from taskgroup.data import dataset_from_table, draw_split, prepare
from taskgroup.linear import LINEAR_METHODS
from taskgroup.search import (
    conclude,
    fit_linear_baselines,
    keep_linear_baselines,
    linear_baselines,
    make_plan,
)
from taskgroup.search.confirm import Advantage, single_task
from taskgroup.search.linear_comparison import LinearComparison, compare_linear
from taskgroup.search.linear_scores import LinearScores, load_linear_scores, save_linear_scores
from taskgroup.spec import Study, parse_study
from taskgroup.storage import open_record
from taskgroup.training import score, seed_data

SEEDS = (0, 1, 2)


def fitted(
    table: pd.DataFrame, study: Study, seeds: tuple[int, ...] = SEEDS, **settings: Any
) -> LinearScores:
    return fit_linear_baselines(study, dataset_from_table(table, study), seeds, **settings)


def mixed_table(*, missing: float = 0.0) -> pd.DataFrame:
    """A binary task, three classes, two labels and a regression of the same rows."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(240, 4))
    frame = pd.DataFrame(x, columns=[f"x{i}" for i in range(4)])
    frame["flag"] = (x[:, 0] + 0.5 * rng.normal(size=240) > 0).astype(float)
    frame["other"] = (x[:, 0] - x[:, 1] + 0.5 * rng.normal(size=240) > 0).astype(float)
    frame["kind"] = np.argmax(x[:, :3], axis=1)
    frame["t1"], frame["t2"] = (x[:, 2] > 0).astype(int), (x[:, 3] > 0.5).astype(int)
    frame["size"] = x[:, 1] + 0.3 * rng.normal(size=240)
    for name in ("flag", "other", "size"):
        frame.loc[rng.random(240) < missing, name] = np.nan
    return frame


def mixed_study(**sections: Any) -> Study:
    tasks = [
        {"name": "flag", "kind": "binary"},
        {"name": "other", "kind": "binary", "metric": "accuracy"},
        {"name": "kind", "kind": "multiclass"},
        {"name": "tags", "target": ["t1", "t2"], "kind": "multilabel"},
        {"name": "size", "kind": "regression", "metric": "rmse"},
    ]
    return parse_study({**document("memory", **sections), "tasks": tasks})


def test_a_search_tells_whether_a_network_is_needed(finished):
    """The planted tasks are not linear, and the tool must say so."""
    linear = finished.result.linear
    assert set(linear.gains["method"]) == set(LINEAR_METHODS)
    assert linear.gains["gain"].is_monotonic_decreasing
    assert set(linear.scores["seed"]) == set(finished.result.outcome.settings["fresh_seeds"])
    assert linear.standing == "worse"
    assert linear.verdict.startswith("The best linear model, ")
    assert not any("linear" in note for note in finished.result.outcome.notes)


def test_a_report_shows_them_without_fitting_again(finished, monkeypatch):
    with open_record(finished.storage, must_exist=True) as record:
        stored = record.study_named("planted")
        study = stored.study()
        monkeypatch.setattr(linear_baselines, "fit_linear_baselines", _refuse)
        keep_linear_baselines(
            study,
            dataset_from_table(planted_table(), study),
            record=record,
            study_id=stored.id,
            seeds=make_plan(study).fresh_seeds,
        )
        again = conclude(study, record, stored.id, make_plan(study)).linear
    expected = finished.result.linear
    pd.testing.assert_frame_equal(again.gains, expected.gains)
    pd.testing.assert_frame_equal(again.scores, expected.scores)
    assert (again.best, again.advantage, again.clusters) == (
        expected.best,
        expected.advantage,
        expected.clusters,
    )


def _refuse(*_: Any, **__: Any) -> None:
    raise AssertionError("they are kept already")


def test_scores_are_of_the_networks_rows(tmp_path):
    """Other rows than the networks' would make gains a matter of luck."""
    table, study = mixed_table(), mixed_study()
    found = fitted(table, study, (7,))
    data = seed_data(study, dataset_from_table(table, study), 7, dtype=torch.float64, device="cpu")
    part = data.scored["test"]
    strength = found.strengths["ridge_alone"][0]
    value = found.scores.query("method == 'ridge_alone' and task == 'size' and split == 'test'")["value"]
    x, y = data.train.x.numpy().T, data.train.y[-1].numpy()
    model = Ridge(alpha=strength["strength"] * len(y)).fit(x, y)
    size = study.task("size")
    z = model.predict(part.x.numpy().T)
    expected = score(
        size,
        part.y.new_tensor(z)[None, None],
        part.y[-1][None, None],
        part.labelled[-1:] > 0,
        scale=part.y.new_tensor([[[data.scale[-1]]]]),
    )
    assert value.item() == pytest.approx(float(expected[0]), rel=1e-4)


@pytest.mark.parametrize("missing", [0.0, 0.3])
def test_all_kinds_are_scored(missing):
    table, study = mixed_table(missing=missing), mixed_study()
    found = fitted(table, study)
    by_task = found.scores[found.scores["split"] == "test"].groupby("task")["value"].mean()
    assert (by_task[["flag", "other", "kind", "tags"]] > 0.75).all()
    assert by_task["size"] < 0.5
    assert found.scores["value"].notna().all()
    assert set(found.unused) == ({"multitask_lasso", "multitask_elastic_net"} if missing else set())


def test_tasks_with_rows_of_their_own_help_one_another():
    """Few rows each and one rule for all: what pools must do better, as on the landmine data."""
    rng = np.random.default_rng(1)
    names = [f"t{i}" for i in range(8)]
    owner = np.repeat(names, 50)
    x = rng.normal(size=(400, 6))
    chance = 1 / (1 + np.exp(-x @ np.array([1.5, -1.0, 1.0, 0.5, -0.5, 1.0])))
    columns = {f"x{i}": x[:, i] for i in range(6)}
    table = pd.DataFrame({**columns, "y": (rng.random(400) < chance).astype(int), "task": owner})
    study = parse_study(
        {
            **document("memory", data={"source": "memory", "task_column": "task"}),
            "tasks": [{"name": name, "target": "y", "kind": "binary"} for name in names],
        }
    )
    found = fitted(table, study, (0, 1, 2, 3))
    test = found.scores[found.scores["split"] == "test"].groupby("method")["value"].mean()
    assert set(test.index) == {"ridge_alone", "mean_regularised", "clustered"}
    assert test["mean_regularised"] > test["ridge_alone"]
    assert "belong to other tasks" in found.unused["multitask_lasso"]


def test_strengths_are_chosen_on_validation_rows_alone():
    """Labels of test rows must not reach the choice."""
    table, study = mixed_table(), mixed_study()
    dataset = dataset_from_table(table, study)
    test = draw_split(dataset, study.data.split, study_seed=study.seed, seed=0).test
    spoilt = table.copy()
    spoilt.loc[test, "size"] = -spoilt.loc[test, "size"] * 3
    assert (
        prepare(dataset, draw_split(dataset, study.data.split, study_seed=0, seed=0)).split.test == test
    ).all()
    before, after = fitted(table, study, (0,)), fitted(spoilt, study, (0,))
    assert before.strengths == after.strengths


def test_nothing_is_fitted_that_would_take_long():
    found = fitted(planted_table(), planted_study(), seconds=1e-9)
    assert found.scores.empty
    assert "they would take" in str(found.skipped)


def test_one_slow_seed_is_enough_to_stop(monkeypatch):
    """A small search would wait longer for linear models than for its networks."""
    clock = iter([0.0, 1.0])
    monkeypatch.setattr(linear_baselines, "time", SimpleNamespace(perf_counter=lambda: next(clock)))
    monkeypatch.setattr(linear_baselines, "expected_seconds", lambda rows: 0.0)
    found = fitted(planted_table(), planted_study(), (0, 1, 2), seconds=2.9)
    assert found.scores.empty
    assert found.skipped == "no linear models: they would take about 3.0 s, and 2.9 s are allowed"


def planted_study(**search: Any) -> Study:
    return parse_study(document("memory", search=search))


def test_images_and_texts_are_left_out():
    study = planted_study()
    dataset = replace(dataset_from_table(planted_table(), study), inputs=object())
    assert "images or texts" in str(fit_linear_baselines(study, dataset, SEEDS).skipped)


@pytest.mark.parametrize("linear", [True, False])
def test_a_study_may_say_no(linear, tmp_path):
    study = make_study(tmp_path, training={"epochs": 2}, search={"linear": linear, "hints": []})
    result = tg.search(study)
    assert result.linear.gains.empty != linear
    assert result.linear.skipped is None


def test_saying_no_later_hides_them_and_keeps_the_search(tmp_path):
    storage = f"sqlite:///{tmp_path / 'taskgroup.db'}"
    study = make_study(tmp_path, training={"epochs": 2}, search={"hints": []})
    assert tg.search(study, storage=storage).linear.best is not None
    document = study.document()
    document["search"]["linear"] = False
    assert tg.search(parse_study(document), storage=storage).linear.best is None


def test_the_reason_for_fitting_nothing_is_told_and_kept(tmp_path):
    told: list[str] = []
    study = planted_study()
    with open_record("sqlite://") as record:
        study_id = record.open_study(study, data_fingerprint="rows")
        dataset = dataset_from_table(planted_table(), study)
        given: dict[str, Any] = {"record": record, "study_id": study_id, "seeds": SEEDS}
        for _ in range(2):
            keep_linear_baselines(study, dataset, seconds=-1.0, tell=told.append, **given)
        kept = load_linear_scores(record, study_id, study, SEEDS)
        assert kept is not None
        assert kept.skipped == told[0]
        assert len(record.events(study_id, kind="linear")) == 1
        assert load_linear_scores(record, study_id, study, (5,)) is None
        keep_linear_baselines(study, dataset, tell=told.append, **given)  # more time: they are fitted
        kept = load_linear_scores(record, study_id, study, SEEDS)
        assert kept is not None
        assert kept.skipped is None
        assert told[-1].startswith("fitted 5 kinds of linear models")


def test_kept_scores_come_back_as_they_were():
    study = planted_study()
    found = fitted(planted_table(), study)
    with open_record("sqlite://") as record:
        study_id = record.open_study(study, data_fingerprint="rows")
        save_linear_scores(record, study_id, found)
        kept = load_linear_scores(record, study_id, study, SEEDS)
    assert kept is not None
    pd.testing.assert_frame_equal(kept.scores, found.scores)
    assert kept.document() == found.document()


def compared(linear: float, network: float, *, noise: float = 0.01) -> LinearComparison:
    """RMSE of one linear model against networks, single tasks at 1."""
    tasks = [{"name": name, "kind": "regression", "metric": "rmse"} for name in TASKS]
    study = parse_study({**document("memory"), "tasks": tasks})
    rng = np.random.default_rng(0)
    rows, networks = [], []
    for task in TASKS:
        for seed in SEEDS:
            for split in ("validation", "test"):
                wobble = 1 + noise * rng.normal()
                rows.append(("ridge_alone", task, seed, split, "rmse", linear * wobble))
                networks.append((task, task, seed, split, 1.0))
                networks.append(("a+b+c+d", task, seed, split, network))
    scores = LinearScores(
        SEEDS, pd.DataFrame(rows, columns=["method", "task", "seed", "split", "metric", "value"])
    )
    runs = pd.DataFrame(networks, columns=["network", "task", "seed", "split", "value"])
    runs = runs.assign(capacity=1.0, fidelity=1.0)
    return compare_linear(scores, runs, study.tasks, recommended=dict.fromkeys(TASKS, "a+b+c+d"))


@pytest.mark.parametrize(
    ("linear", "network", "standing", "needed"),
    [
        (1.2, 0.9, "worse", ""),
        (0.9, 0.9, "as good", "may not be needed"),
        (0.5, 0.9, "better", "is not needed"),
    ],
)
def test_the_verdict_says_what_was_measured(linear, network, standing, needed):
    found = compared(linear, network)
    assert found.standing == standing
    assert found.advantage is not None
    assert found.advantage.gain == pytest.approx(linear - network, abs=0.02)
    assert f"is {standing}" in found.verdict
    assert found.notes[0].endswith(f"A network {needed}.") if needed else not found.notes
    assert found.gains["gain"].item() == pytest.approx(1 - linear, abs=0.02)
    assert (found.better_tasks == TASKS) == (standing == "better")


def test_runs_that_failed_leave_it_open():
    found = replace(compared(1.0, 0.9), advantage=Advantage(float("nan"), float("nan"), float("nan")))
    assert found.standing == "unknown"
    assert "too few" in found.verdict
    assert found.notes == ()


def test_clusters_are_those_of_most_seeds():
    study = planted_study()
    clusters = [[["a", "b"], ["c", "d"]], [["a", "b"], ["c", "d"]], [["a", "c"], ["b", "d"]]]
    kept = replace(fitted(planted_table(), study), clusters=clusters)
    alone = [
        (task, task, seed, split, 0.5) for task in TASKS for seed in SEEDS for split in ("validation", "test")
    ]
    runs = pd.DataFrame(alone, columns=["network", "task", "seed", "split", "value"])
    runs = runs.assign(capacity=1.0, fidelity=1.0)
    found = compare_linear(kept, runs, study.tasks, recommended=single_task(study.tasks))
    assert found.clusters == (("a", "b"), ("c", "d"))


def test_labels_of_one_task_are_members_of_clusters():
    study = mixed_study()
    kept = fitted(mixed_table(), study)
    runs = pd.DataFrame(columns=["network", "task", "seed", "split", "value"])
    found = compare_linear(kept, runs, study.tasks, recommended=single_task(study.tasks))
    members = {name for cluster in found.clusters for name in cluster}
    assert members == {"flag", "other", "kind", "tags[t1]", "tags[t2]", "size"}
    assert found.standing == "unknown"
