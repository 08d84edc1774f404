"""What each command prints: scripts read the JSON, people the rest."""

from __future__ import annotations

import csv
import io
import json
import math
from pathlib import Path

import optuna
import pytest
from planted import TASKS, planted_table, write_study

from taskgroup.reporting import read_export

FROM_STORAGE = [["status"], ["affinity"], ["export"], ["report"]]


class TestSearch:
    def test_json_is_the_contract(self, taskgroup, finished):
        """A finished study in the same storage: printed again, nothing trained."""
        ended = taskgroup("search", finished.study_file, "--storage", finished.storage, "--json")
        assert ended.code == 0
        document = ended.json
        assert document["study"] == "planted"
        assert document["runs_finished"] == finished.result.runs["run_id"].nunique()
        recommendation = document["recommendation"]
        assert [network["subset"] for network in recommendation["networks"]] == [["a", "b"], ["c", "d"]]
        network_keys = {"subset", "serves", "sharing", "weighting", "hyperparameters", "cost"}
        assert all(network_keys <= set(network) for network in recommendation["networks"])
        assert recommendation["low"] < recommendation["gain"] < recommendation["high"]
        assert set(recommendation["baseline_gains"]) == {"single_task", "all_in_one"}
        assert document["affinity"]["tasks"] == list(TASKS)
        assert isinstance(document["negative_transfer"], list)

    def test_negative_transfer_is_listed_by_target_and_subset(self, taskgroup, tmp_path):
        study = write_study(tmp_path, table=planted_table(seed=1), search={"runs": 200, "seeds": 8})
        ended = taskgroup("search", study, "--json", "--quiet")
        rows = ended.json["negative_transfer"]
        assert rows
        keys = {"target", "subset", "gain", "low", "high", "p_value", "q_value", "baseline"}
        for row in rows:
            assert keys <= set(row)
            assert row["target"] in row["subset"]
            assert row["gain"] < 0
            assert row["q_value"] < 0.05
        assert ended.err == ""

    def test_text_says_what_to_train_and_what_to_do_next(self, taskgroup, finished):
        ended = taskgroup("search", finished.study_file, "--storage", finished.storage)
        assert ended.out.startswith("Recommended: 2 networks")
        assert "a, b" in ended.out
        assert "taskgroup report" in ended.out
        assert "taskgroup export" in ended.out

    def test_progress_goes_to_stderr(self, taskgroup, tmp_path):
        ended = taskgroup("search", write_study(tmp_path, training={"epochs": 2}), "--json")
        json.loads(ended.out)
        assert "baselines" in ended.err
        assert "pairs" in ended.err

    def test_the_record_is_beside_the_working_folder(self, taskgroup, tmp_path):
        taskgroup("search", write_study(tmp_path, training={"epochs": 2}), "--quiet")
        assert (tmp_path / "taskgroup.db").is_file()

    def test_options_take_the_place_of_the_files_settings(self, taskgroup, tmp_path):
        study = write_study(tmp_path, training={"epochs": 2})
        options = ["--runs", 70, "--seeds", 3, "--groups", 1, "--name", "other", "--seed", 4, "--time", "5m"]
        document = taskgroup("search", study, *options, "--json", "--quiet").json
        assert document["study"] == "other"
        assert document["runs_finished"] <= 70
        assert len(document["recommendation"]["networks"]) == 1
        by_budget = taskgroup("search", study, "--budget", 4.0, "--name", "third", "--json", "--quiet").json
        assert by_budget["recommendation"]["cost"] <= 4.0

    def test_a_second_baseline_is_asked_for_by_an_option(self, taskgroup, tmp_path):
        study = write_study(tmp_path, training={"epochs": 2}, search={"runs": 100})
        full = taskgroup("search", study, "--json", "--quiet").json
        assert full["matched_transfer"] == []
        both = taskgroup("search", study, "--baseline", "matched", "--json", "--quiet").json
        assert {row["baseline"] for row in both["matched_transfer"]} == {"single_task_matched"}
        assert all(row["target"] in row["subset"] for row in both["matched_transfer"])
        assert (tmp_path / taskgroup("report", study, "--json").json["report"]).is_file()
        assert (tmp_path / "reports" / "planted" / "matched_transfer.csv").is_file()
        wrong = taskgroup("search", study, "--baseline", "mached")
        assert wrong.code == 2
        assert "matched" in wrong.err

    def test_a_study_may_be_searched_under_a_new_name_after_a_change(self, taskgroup, tmp_path):
        taskgroup("search", write_study(tmp_path, training={"epochs": 2}), "--quiet")
        changed = write_study(tmp_path, training={"epochs": 3})
        refused = taskgroup("search", changed, "--quiet")
        assert refused.code == 2
        assert "training.epochs: stored 2, given 3" in refused.err
        assert taskgroup("search", changed, "--name", "changed", "--quiet").code == 0
        assert [s["study"] for s in taskgroup("list", "--json").json] == ["planted", "changed"]


class TestCheck:
    def test_json_counts_rows_tasks_and_runs(self, taskgroup, finished):
        document = taskgroup("check", finished.study_file, "--json").json
        assert document["study"] == "planted"
        assert document["rows"] == {"training": 180, "validation": 60, "test": 60}
        assert document["features"] == 8
        assert [task["name"] for task in document["tasks"]] == list(TASKS)
        assert document["tasks"][0] == {
            "name": "a",
            "kind": "regression",
            "metric": "r2",
            "outputs": 1,
            "labelled": 300,
        }
        assert document["runs_at_most"] == 120

    def test_text_says_how_to_start_and_nothing_is_written(self, taskgroup, finished, tmp_path):
        ended = taskgroup("check", finished.study_file)
        assert ended.code == 0
        assert f"taskgroup search {finished.study_file}" in ended.out
        assert list(tmp_path.iterdir()) == []


class TestStatusAndList:
    def test_status_as_json(self, taskgroup, finished):
        document = taskgroup("status", "planted", "--storage", finished.storage, "--json").json
        assert document["runs_finished"] == finished.result.runs["run_id"].nunique()
        assert document["runs_failed"] == 0
        assert document["runs_planned"] == 120
        assert document["finished"] is True

    def test_status_as_text(self, taskgroup, finished):
        ended = taskgroup("status", finished.study_file, "--storage", finished.storage)
        assert ended.out.startswith("planted: ")
        assert "finished" in ended.out

    def test_list(self, taskgroup, finished):
        (study,) = taskgroup("list", "--storage", finished.storage, "--json").json
        assert study["study"] == "planted"
        assert study["runs_failed"] == 0
        assert "planted" in taskgroup("list", "--storage", finished.storage).out


class TestAffinity:
    def test_json_is_the_matrix(self, taskgroup, finished):
        words = ["affinity", "planted", "--storage", finished.storage, "--estimator", "pairwise"]
        document = taskgroup(*words, "--format", "json").json
        assert document == finished.result.affinity.document()

    def test_csv_has_a_row_for_each_measured_ordered_pair(self, taskgroup, finished):
        ended = taskgroup("affinity", "planted", "--storage", finished.storage, "--format", "csv")
        rows = list(csv.DictReader(io.StringIO(ended.out)))
        assert len(rows) == 12
        found = {(row["target"], row["source"]): float(row["gain"]) for row in rows}
        estimate = finished.result.affinity.estimate
        assert all(math.isclose(found[t, s], estimate.loc[t, s]) for t, s in found)

    def test_the_table_says_which_way_to_read_it(self, taskgroup, finished):
        ended = taskgroup("affinity", "planted", "--storage", finished.storage)
        assert "row's" in ended.out.splitlines()[0]
        assert len([line for line in ended.out.splitlines() if line.startswith(TASKS)]) == 4


class TestReport:
    def test_files_are_written_and_named(self, taskgroup, finished, tmp_path):
        words = ["report", "planted", "--storage", finished.storage]
        named = taskgroup(*words, "-o", tmp_path / "here", "--json").json
        assert set(named) == {"report", "affinity", "heatmap", "groups"}
        assert all(Path(path).stat().st_size > 0 for path in named.values())
        assert taskgroup(*words).code == 0
        assert (tmp_path / "reports" / "planted" / "index.html").is_file()


class TestExport:
    @pytest.mark.parametrize("form", ["json", "yaml"])
    def test_to_a_file_and_to_stdout(self, taskgroup, finished, tmp_path, form):
        words = ["export", "planted", "--storage", finished.storage]
        path = tmp_path / f"groups.{form}"
        assert taskgroup(*words, "-o", path).code == 0
        assert read_export(path) == finished.result.recommendation
        assert taskgroup(*words, "--format", form).out.strip() == path.read_text().strip()

    def test_csv_has_a_row_for_each_network_and_task(self, taskgroup, finished):
        ended = taskgroup("export", "planted", "--storage", finished.storage, "--format", "csv")
        rows = list(csv.DictReader(io.StringIO(ended.out)))
        assert [(row["network"], row["task"]) for row in rows] == [
            ("1", "a"), ("1", "b"), ("2", "c"), ("2", "d")
        ]  # fmt: skip

    def test_optuna_opens_the_runs(self, taskgroup, finished, tmp_path):
        """optuna-dashboard then shows them."""
        url = f"sqlite:///{tmp_path / 'optuna.db'}"
        words = ["export", "planted", "--storage", finished.storage, "--format", "optuna", "--to", url]
        assert taskgroup(*words).code == 0
        study = optuna.load_study(study_name="planted", storage=url)
        runs = finished.result.runs
        assert len(study.trials) == runs["run_id"].nunique()
        assert study.best_value == pytest.approx(
            runs[runs["split"] == "validation"].groupby("run_id")["gain"].mean().max()
        )
        again = taskgroup(*words)
        assert again.code == 2
        assert "already holds an Optuna study 'planted'" in again.err

    def test_optuna_needs_a_place(self, taskgroup, finished):
        ended = taskgroup("export", "planted", "--storage", finished.storage, "--format", "optuna")
        assert ended.code == 2
        assert "--to" in ended.err


@pytest.mark.parametrize("words", FROM_STORAGE)
def test_the_environment_names_the_default_storage(words, taskgroup, finished, monkeypatch):
    monkeypatch.setenv("TASKGROUP_STORAGE", finished.storage)
    assert taskgroup(*words, "planted").code == 0
    assert taskgroup("list").code == 0


def test_check_refuses_rules_that_no_grouping_keeps(taskgroup, tmp_path):
    """A contradiction must not first show after an hour of training."""
    grouping = {"must_link": [["a", "b"]], "cannot_link": [["a", "b"]]}
    ended = taskgroup("check", write_study(tmp_path, grouping=grouping))
    assert ended.code == 2
    assert "must_link joins" in ended.err
