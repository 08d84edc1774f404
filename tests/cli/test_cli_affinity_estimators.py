"""`taskgroup affinity --estimator`: cheaper estimates from the command line, with or without a search."""

from __future__ import annotations

import io
import json
import sqlite3
import subprocess
import sys
from contextlib import closing

import pandas as pd
import pytest
from planted import TASKS, write_study

from taskgroup.affinity import ESTIMATORS
from taskgroup.storage import open_record

NAMES = list(ESTIMATORS)


@pytest.fixture
def command(taskgroup, finished):
    """The command on the finished search."""
    return lambda *words: taskgroup("affinity", "planted", "--storage", finished.storage, *words)


@pytest.mark.parametrize("name", NAMES)
def test_every_estimator_prints_its_matrix_cost_and_agreement(command, name):
    document = command("--estimator", name, "--json").json
    assert document["estimator"] == name
    assert document["tasks"] == list(TASKS)
    assert document["cost_runs"] >= 0
    assert {"estimate", "low", "high", "q_value", "n_runs", "cost_flops", "agreement"} <= document.keys()
    if document["agreement"]:
        assert -1 <= document["agreement"]["low"] <= document["agreement"]["high"] <= 1
        assert document["agreement"]["n_pairs"] <= 12


@pytest.mark.parametrize("name", ["lookahead", "gradient_cosine", "gradient_projection", "static"])
def test_planted_groups_stand_out(command, name):
    """Within a group tasks share their features; across, they get in each other's way."""
    document = command("--estimator", name, "--json").json
    estimate = pd.DataFrame(document["estimate"], index=TASKS, columns=TASKS)
    within = [estimate.loc[pair] for pair in [("a", "b"), ("b", "a"), ("c", "d"), ("d", "c")]]
    across = [estimate.loc[t, s] for t in "ab" for s in "cd"] + [
        estimate.loc[t, s] for t in "cd" for s in "ab"
    ]
    assert min(within) > max(across)


def test_all_compares_them(command):
    ended = command("--estimator", "all")
    assert ended.code == 0
    assert all(name in ended.out for name in NAMES)
    rows = pd.read_csv(io.StringIO(command("--estimator", "all", "--format", "csv").out))
    assert rows["estimator"].tolist() == NAMES
    assert (rows["flops"] > 0).all()
    described = command("--estimator", "all", "--json").json["estimators"]
    assert [one["estimator"] for one in described] == NAMES


def test_a_joint_training_is_told_and_made_once(taskgroup, finished, tmp_path):
    """Looking a second time must not cost a second training."""
    source, copy = finished.storage.removeprefix("sqlite:///"), tmp_path / "copy.db"
    with closing(sqlite3.connect(source)) as original, closing(sqlite3.connect(copy)) as target:
        original.backup(target)
    words = ["affinity", "planted", "--storage", f"sqlite:///{copy}", "--json"]
    with open_record(f"sqlite:///{copy}") as record:
        known = record.affinities(record.study_named("planted").id)
    first = taskgroup(*words, "--estimator", "gradient_cosine")
    again = taskgroup(*words, "--estimator", "gradient_cosine")
    assert ("trained 3 networks" in first.err) == ("gradient_cosine" not in known)
    assert again.err == ""
    assert again.json == first.json


def test_a_file_receives_what_stdout_would(command, tmp_path):
    shown = command("--estimator", "static", "--format", "csv").out
    ended = command("--estimator", "static", "-o", "static.csv")
    assert ended.out == ""
    assert (tmp_path / "static.csv").read_text() == shown
    command("--estimator", "static", "-o", "static.json")
    assert json.loads((tmp_path / "static.json").read_text())["estimator"] == "static"


def test_an_unknown_estimator_names_the_nearest(command):
    ended = command("--estimator", "lookahed")
    assert ended.code == 2
    assert "did you mean 'lookahead'?" in ended.err


class TestWithoutASearch:
    def test_gradients_and_labels_need_none(self, taskgroup, tmp_path):
        ended = taskgroup("affinity", write_study(tmp_path), "--estimator", "lookahead")
        assert ended.code == 0
        assert "trained 3 networks" in ended.err
        assert "Too few pairs were measured" in ended.out
        assert not list(tmp_path.glob("*.db"))

    def test_the_comparison_says_what_is_missing(self, taskgroup, tmp_path):
        described = taskgroup("affinity", write_study(tmp_path), "--estimator", "all", "--json").json[
            "estimators"
        ]
        reasons = {one["estimator"]: one["reason"] for one in described}
        assert "taskgroup search" in reasons["pairwise"]
        assert reasons["static"] is None
        assert all(one.get("agreement") is None for one in described)

    def test_measured_gains_are_asked_for(self, taskgroup, tmp_path):
        ended = taskgroup("affinity", write_study(tmp_path))
        assert ended.code == 2
        assert "run `taskgroup search` first" in ended.err


def test_what_was_measured_is_shown_without_torch(finished):
    """The usual table must not take seconds."""
    program = (
        "import sys\n"
        "from taskgroup.cli.main import cli\n"
        f"cli.main(['affinity', 'planted', '--storage', {finished.storage!r}], standalone_mode=False)\n"
        "print({'torch', 'optuna', 'plotly'} & set(sys.modules), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stderr.strip() == "set()"
