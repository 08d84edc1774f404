"""The Python interface: what a script or a notebook gets back."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from planted import TASKS, make_study, planted_table, write_study

import taskgroup as tg
from taskgroup.reporting import read_export
from taskgroup.search import Silent

BAD = {"learning_rate": 10.0, "weight_decay": 10.0}  # every step multiplies the weights by about -100
QUICK: dict[str, Any] = {"training": {"epochs": 3}}


def subsets(grouping: tg.Grouping) -> set[tuple[str, ...]]:
    return {network.subset for network in grouping.networks}


class TestSearch:
    def test_antagonistic_groups_are_not_mixed(self, finished):
        """The whole way with real training: data, networks, transfer, grouping, fresh seeds."""
        grouping = finished.result.recommendation
        assert subsets(grouping) == {("a", "b"), ("c", "d")}
        assert "beats one network for all tasks" in grouping.verdict
        assert grouping.versus["all_in_one"]["low"] > 0

    @pytest.mark.parametrize("seed", [1, 2, 3])
    def test_antagonistic_groups_are_told_apart_in_any_table(self, tmp_path, seed):
        search = {"runs": 120, "seeds": 3, "confirm_seeds": 5}
        study = make_study(tmp_path, table=planted_table(seed=seed), search=search)
        assert subsets(tg.search(study).recommendation) == {("a", "b"), ("c", "d")}

    def test_the_recommendation_says_how_to_train_it(self, finished):
        grouping = finished.result.recommendation
        for network in grouping.networks:
            assert network.serves == network.subset
            assert (network.sharing.kind, network.sharing.depth) == ("hard", 1)
            assert network.weighting == "equal"
            assert network.hyperparameters == {"learning_rate": 0.01, "weight_decay": 0.01}
        assert grouping.cost == 2.0
        assert grouping.low < grouping.gain < grouping.high
        assert grouping.confirmed

    def test_runs_have_a_row_for_each_run_task_and_split(self, finished):
        runs = finished.result.runs
        assert {"run_id", "stage", "subset", "seed", "task", "split", "metric", "value", "gain"} <= {*runs}
        assert not runs.duplicated(["run_id", "task", "split"]).any()
        assert runs["run_id"].nunique() <= 120
        assert (runs.groupby("run_id").size() == 2 * runs.groupby("run_id")["n_tasks"].first()).all()

    def test_affinity_is_a_matrix_of_targets_and_sources(self, finished):
        affinity = finished.result.affinity
        for frame in (affinity.estimate, affinity.low, affinity.high, affinity.q_value, affinity.n_runs):
            assert tuple(frame.index) == tuple(frame.columns) == TASKS
        assert not (affinity.low > affinity.estimate).any(axis=None)
        assert not (affinity.high < affinity.estimate).any(axis=None)
        across = affinity.estimate.loc[["a", "b"], ["c", "d"]].mean(axis=None)
        within = np.mean([affinity.estimate.loc[t, s] for t, s in ("ab", "ba", "cd", "dc")])
        assert across < within

    def test_negative_transfer_has_the_columns_of_the_contract(self, finished):
        columns = ["target", "subset", "gain", "low", "high", "p_value", "q_value", "baseline"]
        assert set(columns) <= {*finished.result.negative_transfer}
        assert len(finished.result.transfer) >= 12

    def test_the_report_and_the_export_are_written(self, finished, tmp_path):
        page = finished.result.report(tmp_path / "report")
        assert page.is_file()
        assert "planted" in page.read_text(encoding="utf-8")
        for name in ("groups.json", "groups.yaml"):
            path = finished.result.export(tmp_path / name)
            assert subsets(read_export(path)) == subsets(finished.result.recommendation)
        assert finished.result.export(tmp_path / "groups.csv").is_file()

    def test_a_finished_search_is_read_from_its_record(self, finished):
        """Running a script or a notebook cell again costs nothing."""
        listener = Listener()
        again = tg.search(tg.load_study(finished.study_file), storage=finished.storage, progress=listener)
        assert again.recommendation == finished.result.recommendation
        pd.testing.assert_frame_equal(again.runs, finished.result.runs)
        assert listener.closed

    def test_workers_change_nothing_but_the_time(self, finished):
        study = tg.load_study(finished.study_file)
        assert tg.search(study, workers=2).recommendation == finished.result.recommendation

    def test_an_interrupted_search_goes_on_to_the_same_end(self, finished, tmp_path):
        study, storage = tg.load_study(finished.study_file), f"sqlite:///{tmp_path / 'taskgroup.db'}"
        for at in (1, 3, 5):
            with pytest.raises(KeyboardInterrupt):
                tg.search(study, storage=storage, progress=Listener(stop_at=at))
        assert tg.search(study, storage=storage).recommendation == finished.result.recommendation

    def test_nothing_is_recommended_where_tasks_are_unrelated(self, tmp_path):
        table = planted_table(n_rows=200, n_features=12, noise=1.0, within=0.0, conflict=False)
        study = make_study(tmp_path, table=table, training={"epochs": 10}, grouping={})
        grouping = tg.search(study).recommendation
        assert subsets(grouping) in ({(task,) for task in TASKS}, {TASKS})
        assert "did best" in grouping.verdict or "No grouping beats" in grouping.verdict

    def test_runs_that_all_fail_end_the_search_with_the_reason(self, tmp_path):
        with pytest.raises(tg.RunFailedError, match=r"task 'a' failed.*learning rate 10"):
            tg.search(make_study(tmp_path, training=BAD))

    def test_arguments_take_the_place_of_the_studys_settings(self, tmp_path):
        study = make_study(tmp_path, **QUICK)
        result = tg.search(study, runs=70, seeds=3, groups=1, seed=5)
        assert len(subsets(result.recommendation)) == 1
        assert result.outcome.settings["seeds"] == [5_000_000, 5_000_001, 5_000_002]
        assert result.runs["run_id"].nunique() <= 70

    def test_a_study_from_a_function_of_the_users(self, tmp_path, monkeypatch):
        (tmp_path / "my_rows.py").write_text(
            "from taskgroup.data import planted_groups\n"
            "def rows():\n    return planted_groups(groups=[['a'], ['b']], n_rows=80, n_features=4)\n"
        )
        monkeypatch.chdir(tmp_path)
        path = write_study(
            tmp_path,
            **QUICK,
            data={"source": "python:my_rows:rows"},
            tasks=[{"name": name, "kind": "regression"} for name in "ab"],
        )
        assert tg.search(tg.load_study(path)).recommendation.confirmed

    def test_a_changed_study_is_refused_with_the_difference(self, finished):
        document = tg.load_study(finished.study_file).document()
        document["model"]["widths"] = [9]
        with pytest.raises(tg.StudyChangedError, match=r"model\.widths: stored \[8\], given \[9\]"):
            tg.search(tg.Study.model_validate(document), storage=finished.storage)

    @pytest.mark.parametrize(
        ("options", "words"),
        [
            ({"train": lambda request: {}}, "train="),
            ({"runs": 5}, "search.runs is 5"),
            ({"workers": 0}, "workers is 0"),
            ({"storage": "nonsense"}, "no database URL"),
            ({"storage": "sqlite:////no/such/folder/x.db"}, "folder"),
        ],
    )
    def test_wrong_arguments_are_refused(self, finished, options, words):
        with pytest.raises(tg.InputError, match=words):
            tg.search(tg.load_study(finished.study_file), **options)


class Listener(Silent):
    """Presses Ctrl-C after so many cohorts."""

    def __init__(self, *, stop_at: int | None = None) -> None:
        self._left, self.closed = stop_at, False

    def advance(self, n_runs: int, n_failed: int) -> None:
        if self._left is not None:
            self._left -= 1
            if self._left == 0:
                raise KeyboardInterrupt

    def close(self) -> None:
        self.closed = True


class TestMeasure:
    @pytest.fixture(scope="class")
    @classmethod
    def study(cls, tmp_path_factory: pytest.TempPathFactory) -> tg.Study:
        return make_study(tmp_path_factory.mktemp("measure"), **QUICK)

    @pytest.fixture(scope="class")
    @classmethod
    def measured(cls, study: tg.Study) -> tg.Measurement:
        return tg.measure(study, [("b", "a"), ("a", "b", "c")], seeds=2)

    def test_exactly_the_asked_subsets_and_their_baselines_are_trained(self, measured):
        once = measured.runs.drop_duplicates("run_id")
        trained = sorted(zip(once["subset"], once["seed"], strict=True))
        assert trained == [(s, seed) for s in ("a", "a+b", "a+b+c", "b", "c") for seed in (0, 1)]

    def test_columns_are_those_of_the_contract(self, measured):
        columns = ["run_id", "subset", "seed", "task", "split", "metric", "value", "gain"]
        assert list(measured.runs.columns[:8]) == columns

    def test_gains_are_recomputed_from_the_values(self, measured):
        """R² has the error 1 - value; a gain is the share of the single-task error that went away."""
        index = ["task", "seed", "split"]
        runs = measured.runs.assign(error=1 - measured.runs["value"])
        alone = runs[~runs["subset"].str.contains("+", regex=False)].set_index(index)["error"]
        for row in runs.itertuples():
            single = alone[row.task, row.seed, row.split]
            assert row.gain == pytest.approx((single - row.error) / single)

    def test_transfer_averages_the_validation_gains(self, measured):
        runs = measured.runs[measured.runs["split"] == "validation"]
        means = runs.groupby(["task", "subset"])["gain"].mean()
        for row in measured.transfer.itertuples():
            assert row.gain == pytest.approx(means[row.target, row.subset])
            assert row.n_seeds == 2
        assert len(measured.transfer) == 5

    def test_more_seeds_add_to_what_is_recorded(self, study, tmp_path):
        storage = f"sqlite:///{tmp_path / 'runs.db'}"
        two = tg.measure(study, [("a", "b")], seeds=2, storage=storage)
        three = tg.measure(study, [("a", "b")], seeds=3, storage=storage)
        assert set(two.runs["run_id"]) < set(three.runs["run_id"])
        assert three.runs["run_id"].nunique() == 9

    def test_one_seed_has_gains_without_intervals(self, study):
        transfer = tg.measure(study, ["c+d"], seeds=1).transfer
        assert transfer["gain"].notna().all()
        assert transfer[["low", "high", "p_value", "q_value"]].isna().all(axis=None)

    @pytest.mark.parametrize(
        ("asked", "seeds", "words"),
        [
            ([], 3, "empty"),
            ([()], 3, "at least one task"),
            ([("a", "a")], 3, "each once"),
            ([("a", "e")], 3, "unknown task 'e'"),
            ([("a", "b")], 0, "seeds is 0"),
        ],
    )
    def test_wrong_arguments_are_refused(self, study, asked: Iterable[Any], seeds, words):
        with pytest.raises(tg.InputError, match=words):
            tg.measure(study, asked, seeds=seeds)


class TestMatchedBaseline:
    """Single-task networks so narrow that together they cost what the joint one does."""

    PAIR = ("a", "b")

    @pytest.fixture(scope="class")
    @classmethod
    def folder(cls, tmp_path_factory: pytest.TempPathFactory) -> Path:
        return tmp_path_factory.mktemp("matched")

    @pytest.fixture(scope="class")
    @classmethod
    def measured(cls, folder: Path) -> tg.Measurement:
        study = make_study(folder, **QUICK)
        return tg.measure(study, [cls.PAIR, ("a", "b", "c")], seeds=2, baseline="matched")

    def test_gains_are_over_the_plain_network_of_the_narrow_width(self, folder, measured):
        """With 8 inputs and one layer of 8 units, networks of 4 units cost half, and of 3 about a third."""
        for subset, width in ((self.PAIR, 4), (("a", "b", "c"), 3)):
            narrow = make_study(folder, **QUICK, model={"widths": [width]})
            alone = tg.measure(narrow, [(task,) for task in subset], seeds=2).runs
            error = (1 - alone.set_index(["task", "seed", "split"])["value"]).to_dict()
            joint = measured.runs[measured.runs["subset"] == "+".join(subset)]
            assert len(joint) == len(subset) * 2 * 2
            for row in joint.itertuples():
                single = error[row.task, row.seed, row.split]
                assert row.gain == pytest.approx((single - (1 - row.value)) / single, rel=1e-4, abs=1e-6)

    def test_exactly_the_asked_subsets_and_their_baselines_are_trained(self, measured):
        once = measured.runs.drop_duplicates("run_id")
        trained = set(zip(once["subset"], once["capacity"], once["seed"], strict=True))
        narrow = {(t, 4 / 8) for t in "ab"} | {(t, 3 / 8) for t in "abc"}
        joint = {("a+b", 1.0), ("a+b+c", 1.0)}
        assert trained == {(*run, seed) for run in narrow | joint for seed in (0, 1)}
        assert len(once) == len(trained)

    def test_the_baseline_is_named(self, folder, measured):
        assert set(measured.transfer["baseline"]) == {"single_task_matched"}
        full = tg.measure(make_study(folder, **QUICK), [self.PAIR], seeds=2)
        assert set(full.transfer["baseline"]) == {"single_task"}

    def test_one_record_keeps_both_apart(self, folder, measured):
        study, storage = make_study(folder, **QUICK), f"sqlite:///{folder / 'both.db'}"
        full, matched, again = (
            tg.measure(study, [self.PAIR], seeds=2, storage=storage, baseline=baseline)
            for baseline in ("full", "matched", "full")
        )
        pd.testing.assert_frame_equal(full.runs, again.runs)
        assert full.runs["capacity"].eq(1).all()
        shared = measured.transfer[measured.transfer["subset"] == "a+b"]
        assert matched.transfer["gain"].tolist() == pytest.approx(shared["gain"].tolist(), rel=1e-4)

    def test_single_tasks_need_none(self, folder):
        measured = tg.measure(make_study(folder, **QUICK), ["a"], seeds=1, baseline="matched")
        assert measured.transfer.empty
        assert set(measured.runs["capacity"]) == {1.0}

    def test_unknown_baselines_are_refused_with_the_nearest(self, folder):
        study = make_study(folder, **QUICK)
        with pytest.raises(tg.InputError, match=r"baseline is 'mached'; did you mean 'matched'"):
            tg.measure(study, [self.PAIR], baseline="mached")
        with pytest.raises(tg.InputError, match=r"'search\.baseline' is 'mached'; did you mean 'matched'"):
            make_study(folder, search={"baseline": "mached"})

    def test_runs_of_a_search_under_other_settings_are_left_out(self, tmp_path):
        """A search tunes; what is measured with the defaults must not be averaged with its runs."""
        training = {"epochs": 2, "learning_rate": None}
        study = make_study(tmp_path, training=training, search={"runs": 150})
        storage = f"sqlite:///{tmp_path / 'taskgroup.db'}"
        before = tg.measure(study, [TASKS], seeds=2)
        tg.search(study, storage=storage)
        after = tg.measure(study, [TASKS], seeds=2, storage=storage)
        assert len(after.runs) == len(before.runs)
        assert set(after.runs["learning_rate"]) == set(before.runs["learning_rate"])

    def test_an_interrupted_search_has_the_same_tables_in_the_end(self, tmp_path):
        """Real training, to the last bit."""
        study = make_study(tmp_path, **QUICK, search={"runs": 120, "baseline": "matched"})
        storage = f"sqlite:///{tmp_path / 'taskgroup.db'}"
        for stage in ("pairs", "matched baselines", "confirm"):
            with pytest.raises(KeyboardInterrupt):
                tg.search(study, storage=storage, progress=StopsAfter(stage))
        resumed, undisturbed = tg.search(study, storage=storage), tg.search(study)
        assert not undisturbed.matched_transfer.empty
        pd.testing.assert_frame_equal(
            resumed.matched_transfer, undisturbed.matched_transfer, check_exact=True
        )
        pd.testing.assert_frame_equal(resumed.transfer, undisturbed.transfer, check_exact=True)
        assert resumed.recommendation == undisturbed.recommendation


class StopsAfter(Silent):
    """Presses Ctrl-C after the first cohort of a stage."""

    def __init__(self, stage: str) -> None:
        self._last, self._now = stage, ""

    def stage(self, name: str, n_runs: int) -> None:
        self._now = name

    def advance(self, n_runs: int, n_failed: int) -> None:
        if self._now == self._last:
            raise KeyboardInterrupt


class TestPackage:
    def test_every_public_name_is_there(self):
        for name in tg.__all__:
            assert getattr(tg, name) is not None
            assert name in dir(tg)

    def test_unknown_names_are_attribute_errors(self):
        with pytest.raises(AttributeError, match="serach"):
            tg.serach  # noqa: B018

    def test_search_stays_a_function_when_the_subpackage_is_imported(self):
        program = (
            "import taskgroup.search, taskgroup as tg; from taskgroup.search import Lab; "
            "assert callable(tg.search) and tg.search.__name__ == 'search'"
        )
        subprocess.run([sys.executable, "-c", program], check=True)

    def test_errors_are_builtins_too(self):
        """`except ValueError` keeps working for people who never heard of our classes."""
        for error, builtin in [
            (tg.InputError, ValueError),
            (tg.StudyChangedError, ValueError),
            (tg.NotFoundError, LookupError),
            (tg.RunFailedError, RuntimeError),
            (tg.MissingExtraError, ImportError),
        ]:
            assert issubclass(error, builtin)
            assert issubclass(error, tg.TaskgroupError)

    def test_unknown_weightings_are_named_with_their_place(self, tmp_path: Path):
        path = write_study(tmp_path, search={"weighting": ["equal", "uncertanty"]})
        with pytest.raises(tg.InputError, match=r"search\.weighting\[1\].*did you mean 'uncertainty'"):
            tg.load_study(path)


@pytest.mark.parametrize(
    ("grouping", "told"),
    [
        ({"must_link": [["a", "a"]]}, "grouping: must_link holds"),
        ({"must_link": [["a", "b"], ["b", "c"]], "cannot_link": [["a", "c"]]}, "cannot_link parts them"),
        ({"min_size": 5}, "grouping: min_size 5 exceeds the 4 tasks"),
        ({"cannot_link": [["a", "b", "c"]], "max_groups": 2}, "max_groups 3"),
        ({"max_size": 1, "must_link": [["a", "b"]]}, "max_size 2"),
        ({"min_size": 3, "max_size": 3, "overlap": False}, "no overlap"),
    ],
)
def test_rules_that_no_grouping_keeps_are_refused_before_training(tmp_path, grouping, told):
    """Found out at the end, they would cost the whole search."""
    study = make_study(tmp_path, grouping=grouping)
    with pytest.raises(tg.InputError) as error:
        tg.search(study, storage=f"sqlite:///{tmp_path / 'record.db'}")
    assert told in str(error.value)
    assert not (tmp_path / "record.db").exists()


def test_a_stored_function_search_shows_what_the_search_returned(tmp_path):
    """`taskgroup report` must not need the function, nor mistake its seeds."""
    from taskgroup.search import conclude_stored
    from taskgroup.storage import open_record

    def train(request: tg.Request) -> dict[str, float]:
        return {task: 1.0 + 0.1 * len(request.subset) + 0.01 * request.seed for task in request.subset}

    url = f"sqlite:///{tmp_path / 'functions.db'}"
    result = tg.search(
        ["a", "b", "c"], train=train, runs=30, seeds=2, confirm=False, storage=url, name="mine"
    )
    with open_record(url, must_exist=True) as record:
        stored = conclude_stored(record, record.study_named("mine"))
    assert stored.recommendation == result.recommendation
    pd.testing.assert_frame_equal(stored.affinity.estimate, result.affinity.estimate)
    assert stored.affinity.estimate.notna().any(axis=None)
