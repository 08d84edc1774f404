"""The `trainer` section: what it may say, and what may stand beside it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

import taskgroup as tg
from taskgroup.errors import InputError
from taskgroup.spec import PLACEHOLDERS, Study, command_words, filled_words, parse_study

COMMAND = "python train.py --tasks {tasks} --seed {seed} --out {out}"
TASKS = [{"name": name, "kind": "regression"} for name in ("a", "b")]


def document(trainer: Any = None, **sections: Any) -> dict[str, Any]:
    return {"name": "own", "trainer": trainer or {"command": COMMAND}, "tasks": TASKS, **sections}


def trained_by(**trainer: Any) -> Study:
    return parse_study(document({"command": COMMAND, **trainer}))


def test_a_trainer_needs_nothing_else():
    """The user's code has its own data and model."""
    study = parse_study(document())
    assert study.trainer is not None
    assert (study.trainer.timeout, study.trainer.retries) == (3600.0, 1)
    assert study.depths == (1,)


def test_a_study_survives_storage():
    """A record rebuilds studies from their documents; `--runs` and the like pass through one too."""
    study = trained_by(timeout="10m", environment={"THREADS": 1, "RATE": 0.5})
    assert parse_study(study.document()) == study
    assert {"data", "model", "training"}.isdisjoint(study.document())
    assert study.trainer.environment == {"THREADS": "1", "RATE": "0.5"}
    function = parse_study(document({"function": "python:mine:train"}))
    assert parse_study(function.document()) == function


def test_other_studies_know_nothing_of_trainers():
    """Their stored documents stay as they were."""
    study = parse_study({"name": "s", "data": {"source": "t.csv"}, "tasks": TASKS})
    assert "trainer" not in study.document()
    assert study.context("rows") == "317cc8d292c28d444e208422e5dcf36f"


@pytest.mark.parametrize(
    "changed",
    [
        {"command": COMMAND + " --wide"},
        {"timeout": 60},
        {"environment": {"RATE": "1"}},
        {"working_directory": "/elsewhere"},
    ],
)
def test_another_trainer_shares_no_runs(changed):
    """Scores of two programs must not be averaged."""
    assert trained_by(**changed).context("") != trained_by().context("")


def test_trying_more_often_changes_no_result():
    """Finished runs are not thrown away for it."""
    assert trained_by(retries=5).context("") == trained_by().context("")


def test_commands_are_split_and_filled_without_a_shell():
    words = command_words("run 'a b' --x='{tasks}' {out} {{}}")
    assert filled_words(words, {"tasks": "one two; rm", "out": "/o"}) == [
        "run",
        "a b",
        "--x=one two; rm",
        "/o",
        "{}",
    ]


@pytest.mark.parametrize(
    ("trainer", "words"),
    [
        ({"command": COMMAND + " {sed}"}, "unknown placeholder {sed}; did you mean 'seed'?"),
        ({"command": COMMAND + " {depths}"}, ", ".join(PLACEHOLDERS)),
        ({"command": COMMAND + " {seed:03}"}, "unknown placeholder {seed:03}"),
        ({"command": COMMAND + " {seed!r}"}, "unknown placeholder {seed!r}"),
        ({"command": COMMAND + " {tasks.x}"}, "unknown placeholder {tasks.x}"),
        ({"command": COMMAND + " {}"}, "unknown placeholder {}"),
        ({"command": COMMAND + " {seed"}, "write {{ or }} for a brace itself"),
        ({"command": "train {out}"}, "neither {tasks} nor {subset}"),
        ({"command": "train {subset}"}, "it has no {out}"),
        ({"command": "train '{tasks} {out}"}, "cannot be split into words: No closing quotation"),
        ({"command": COMMAND, "function": "python:m:f"}, "give either command or function"),
        ({"retries": 2}, "give either command or function"),
        ({"function": "m:f"}, "written python:module:function"),
        ({"function": "python:m"}, "written python:module:function"),
        ({"function": "python:m:f", "timeout": 5}, "are for a command"),
        ({"command": COMMAND, "timeout": "soon"}, "a duration reads like 90s"),
        ({"command": COMMAND, "timeout": 0}, "trainer.timeout"),
        ({"command": COMMAND, "retries": -1}, "trainer.retries"),
        ({"command": COMMAND, "environment": {"A": True}}, "trainer.environment.A"),
        ({"command": COMMAND, "environment": {"A=B": "x"}}, "trainer.environment"),
        ({"command": COMMAND, "time": 5}, "unknown key 'trainer.time'"),
    ],
)
def test_a_wrong_trainer_is_refused(trainer, words):
    """Before hours of runs that all fail."""
    with pytest.raises(InputError) as refused:
        parse_study(document(trainer))
    assert words in str(refused.value)


@pytest.mark.parametrize(
    ("sections", "words"),
    [
        ({"data": {"source": "t.csv"}}, "'data' is not read beside 'trainer'"),
        ({"model": {"widths": [8]}}, "'model' is not read beside 'trainer'"),
        ({"training": {"epochs": 3}}, "'training' is not read beside 'trainer'"),
        ({"search": {"baseline": "matched"}}, "search.baseline 'matched'"),
        ({"search": {"weighting": ["dwa"]}}, "no {weighting} to be told it by"),
        ({"search": {"sharing": {"depth": [1, 2]}, "strategy": "pairs"}}, "search.sharing.depth lists 2"),
        ({"search": {"weighting": ["a", "b"], "per_network": False}}, "search.weighting lists 2"),
        ({"search": {"fidelity": [0.5]}}, "no {fidelity} to be told it by"),
        ({"search": {"sharing": {"depth": [3]}}}, "no {depth} to be told it by"),
        ({"search": {"sharing": {"kind": ["mmoe"]}}}, "no {sharing} to be told it by"),
        ({"search": {"sampling": ["uniform"]}}, "search.sampling needs networks trained here"),
        ({"trainer": {"command": COMMAND + " {depth}"}}, "give search.sharing.depth"),
        ({"tasks": [*TASKS, {"name": "c, d", "kind": "binary"}]}, "has a comma"),
        ({"trainer": None}, "key 'data' is required and missing"),
    ],
)
def test_what_a_trainer_would_not_hear_of_is_refused(sections, words):
    """A setting that does nothing is worse than none."""
    with pytest.raises(InputError) as refused:
        parse_study({**document(), **sections})
    assert words in str(refused.value)


def test_depth_and_weighting_are_any_that_the_trainer_knows():
    """Its layers and its weightings are its own."""
    search = {"sharing": {"depth": [40]}, "weighting": ["DWA"]}
    study = parse_study(document({"command": COMMAND + " {depth} {weighting}"}, search=search))
    assert study.depths == (40,)


def test_commas_go_with_the_other_placeholder():
    tasks = [*TASKS, {"name": "c, d", "kind": "binary"}]
    assert parse_study(document({"command": "train {subset} {out}"}, tasks=tasks)).task_names[2] == "c, d"


def write(folder: Path, **sections: Any) -> Path:
    path = folder / "study.yaml"
    path.write_text(yaml.safe_dump(document(**sections)))
    return path


@pytest.mark.parametrize(("given", "meant"), [(None, ""), ("code", "code"), ("/somewhere", "/somewhere")])
def test_a_trainer_works_beside_its_study_file(tmp_path, given, meant):
    """So that the search can be started from anywhere."""
    trainer = {"command": COMMAND, "working_directory": given}
    study = tg.load_study(write(tmp_path, trainer=trainer))
    assert Path(study.trainer.working_directory) == tmp_path / meant


@pytest.mark.parametrize(
    ("metrics", "words"),
    [
        (("score", "score"), "A trainer's own scores: relative score, relative loss"),
        (("relative score", None), "cannot be averaged"),
    ],
)
def test_gains_of_a_study_file_are_shares(tmp_path, metrics, words):
    """Means over tasks and percentages would mean nothing otherwise."""
    tasks = [task | {"metric": metric} for task, metric in zip(TASKS, metrics, strict=True)]
    with pytest.raises(InputError, match=words):
        tg.load_study(write(tmp_path, tasks=tasks))


def test_scores_of_any_range_are_taken(tmp_path):
    """A mean IoU and a depth error have no default metric."""
    tasks = [TASKS[0] | {"metric": "relative score"}, TASKS[1] | {"metric": "relative loss"}]
    assert len(tg.load_study(write(tmp_path, tasks=tasks)).tasks) == 2
