"""Study files: a typo must be named with its place and its fix, never guessed around."""

from __future__ import annotations

from typing import Any

import pytest

from taskgroup.errors import InputError
from taskgroup.spec import Study, parse_duration, parse_study, read_study

MINIMAL = """
name: s
data: {source: table.csv}
tasks:
  - {name: a, kind: binary}
  - {name: b, target: column_b, kind: regression, metric: mae, importance: 2}
"""


def parsed(**changes: Any) -> Study:
    tasks = [{"name": "a", "kind": "binary"}, {"name": "b", "kind": "regression"}]
    return parse_study({"name": "s", "data": {"source": "x.csv"}, "tasks": tasks, **changes})


def split_into(split: str) -> str:
    """The minimal file with a split."""
    return MINIMAL.replace("table.csv", f"x.csv, split: {split}")


@pytest.fixture
def study_file(tmp_path):
    path = tmp_path / "study.yaml"
    path.write_text(MINIMAL)
    return path


def test_a_minimal_file_gets_its_defaults(study_file):
    study = read_study(study_file)
    assert study.task_names == ("a", "b")
    assert study.task("a").columns == ("a",)
    assert study.task("b").columns == ("column_b",)
    assert [task.score.name for task in study.tasks] == ["auc", "mae"]
    assert study.depths == (2,)
    assert (study.training.max_epochs, study.training.early_stopping) == (100, 10)
    assert study.data.split.test == study.data.split.validation == 0.2


def test_data_paths_are_taken_from_the_files_folder(study_file):
    """A study must work from any working folder."""
    assert read_study(study_file).data.source == str(study_file.parent / "table.csv")


@pytest.mark.parametrize("source", ["sklearn:digits", "python:module:function"])
def test_named_sources_are_no_paths(study_file, source):
    study_file.write_text(MINIMAL.replace("table.csv", source))
    assert read_study(study_file).data.source == source


@pytest.mark.parametrize(
    ("training", "epochs", "patience"),
    [({"epochs": 7}, 7, None), ({"epochs": 7, "patience": 2}, 7, 2), ({"patience": 3}, 100, 3)],
)
def test_epochs_are_obeyed_exactly(training, epochs, patience):
    study = parsed(training=training)
    assert (study.training.max_epochs, study.training.early_stopping) == (epochs, patience)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("name: [", ["study.yaml", "YAML", "line 1"]),
        ("just words", ["expected keys", "just words"]),
        (MINIMAL.replace("name: s", "nmae: s"), ["unknown key 'nmae'", "did you mean 'name'"]),
        (MINIMAL + "training: {epoch: 3}\n", ["unknown key 'training.epoch'", "'epochs'"]),
        (MINIMAL + "search: {sharing: {dept: [1]}}\n", ["'search.sharing.dept'", "'depth'"]),
        (split_into("{tset: 0.1}"), ["'data.split.tset'", "'test'"]),
        (MINIMAL.replace("kind: binary", "kind: binarry"), ["'tasks[0].kind'", "'binarry'", "'binary'"]),
        (MINIMAL.replace("metric: mae", "metric: auc"), ["tasks[1]", "'auc'", "regression", "mae"]),
        (MINIMAL.replace("metric: mae", "metric: maee"), ["tasks[1]", "'maee'", "did you mean 'mae'"]),
        (MINIMAL.replace("{name: a, kind: binary}", "{kind: binary}"), ["'tasks[0].name'", "missing"]),
        (MINIMAL.replace("name: b", "name: a"), ["'a'", "twice"]),
        (MINIMAL.replace("name: b", "name: a+b"), ["'a+b'", "rename"]),
        (MINIMAL.replace("importance: 2", "importance: -1"), ["tasks[1].importance", "-1"]),
        (MINIMAL + "search: {sharing: {depth: [3]}}\n", ["search.sharing.depth 3", "0 to 2"]),
        (MINIMAL + "search: {runs: none}\n", ["search.runs", "'none'"]),
        (MINIMAL + "search: {time: soon}\n", ["search.time", "'soon'", "10m"]),
        (MINIMAL + "grouping: {max_groups: 2, budget: 1.5}\n", ["max_groups or budget"]),
        (split_into("{test: 0.6, validation: 0.4}"), ["no training rows"]),
        (MINIMAL + "model: {widths: []}\n", ["model.widths"]),
        (MINIMAL + "seed: -1\n", ["seed", "-1"]),
    ],
)
def test_what_is_wrong_is_named(study_file, text, words):
    study_file.write_text(text)
    with pytest.raises(InputError) as raised:
        read_study(study_file)
    message = str(raised.value)
    assert "study.yaml" in message
    for word in words:
        assert word in message


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(InputError, match=r"gone\.yaml.*does not exist"):
        read_study(tmp_path / "gone.yaml")


def test_a_file_that_is_no_text_is_named(tmp_path):
    path = tmp_path / "binary.yaml"
    path.write_bytes(b"\xff\xfe\x00\x81")
    with pytest.raises(InputError, match="UTF-8"):
        read_study(path)


@pytest.mark.parametrize(("text", "seconds"), [("90", 90), ("90s", 90), ("10m", 600), ("1.5h", 5400), (7, 7)])
def test_durations(text, seconds):
    assert parse_duration(text) == seconds


def test_a_study_reads_back_from_its_document():
    """The record rebuilds studies from what it stored."""
    study = parsed(search={"time": "10m", "sharing": {"depth": [0, 2]}}, grouping={"budget": 1.5}, seed=3)
    assert parse_study(study.document()) == study


def test_what_decides_a_result_decides_the_context():
    """Runs of one training context are shared; of two they must never be mixed up."""
    context = parsed().context("rows")
    for same in [
        {"name": "t"},
        {"search": {"runs": 7, "seeds": 9}},
        {"grouping": {"max_groups": 1}},
        {"training": {"learning_rate": 0.1, "weight_decay": 0.0}},
    ]:
        assert parsed(**same).context("rows") == context
    for other in [
        {"seed": 1},
        {"model": {"widths": [8]}},
        {"training": {"epochs": 9}},
        {"training": {"batch_size": 9}},
        {"training": {"precision": "float64"}},
        {"data": {"source": "x.csv", "split": {"test": 0.3}}},
        {"tasks": [{"name": "a", "kind": "binary", "metric": "f1"}, {"name": "b", "kind": "regression"}]},
    ]:
        assert parsed(**other).context("rows") != context
    assert parsed().context("other rows") != context
