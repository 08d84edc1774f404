"""Wrong input of every sort ends in one message that names the place, the value and the fix."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

import taskgroup as tg
from taskgroup.cli import main

STUDY = """name: s
data: {source: table.csv}
tasks:
  - {name: a, kind: binary}
  - {name: b, kind: regression}
search: {runs: 60, seeds: 2}
"""
TABLE = pd.DataFrame(
    {
        "x": [i * 0.37 % 1 for i in range(60)],
        "a": [i % 2 for i in range(60)],
        "b": [i * 0.61 % 1 for i in range(60)],
    }
)
MODULE = """import sys
table = {"x": list(range(60)), "a": [0, 1] * 30, "b": list(range(60))}
def leaves(): sys.exit(0)
def huge(): return {**table, "b": [10**400 + i for i in range(60)]}
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with a sound study, its table and a module of sources."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("TASKGROUP_STORAGE", raising=False)
    (tmp_path / "s.yaml").write_text(STUDY)
    (tmp_path / "bad_sources.py").write_text(MODULE)
    TABLE.to_csv("table.csv", index=False)
    return tmp_path


def complaint(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """Run a command that must be refused with exit code 2; its message."""
    with pytest.raises(SystemExit) as ended:
        main(list(arguments))
    assert ended.value.code == 2
    return capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (STUDY + "name: t\n", "key 'name' stands twice; keep one (line 7"),
        (STUDY.replace("seeds: 2", "runs: 70"), "key 'runs' stands twice"),
        (STUDY + "seed: 2020-13-45\n", "cannot be read: month must be in 1..12"),
        (STUDY + "seed: " + "9" * 5000, "cannot be read"),
        ("[" * 3000 + "]" * 3000, "cannot be read"),
        (STUDY + f"seed: {2**63}\n", "'seed' is 9223372036854775808"),
        (STUDY + f"model: {{widths: [{'1,' * 200}1]}}\n", "'model.widths'"),
        (STUDY + "model:\n", "'model' is empty; give keys and values: encoder, widths"),
        (STUDY.replace("{source: table.csv}", "table.csv"), "give keys and values: source, features"),
        (STUDY.replace("seeds: 2", "hints: static"), "'search.hints' is 'static'; give a list"),
        (STUDY.replace("name: s\n", "name: a/b\n"), "'name' is 'a/b'; use letters, digits"),
        (STUDY.replace("table.csv", "x" * 5000), "does not exist"),
        (STUDY.replace("table.csv", "/dev/zero"), "is no ordinary file"),
        (STUDY.replace("table.csv", "python:bad_sources:leaves"), "raised SystemExit: 0"),
        (STUDY.replace("table.csv", "python:bad_sources:huge"), "task 'b': column 'b' is infinite"),
    ],
)
def test_a_wrong_study_is_refused(
    text: str, words: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "s.yaml").write_text(text)
    assert words in complaint(capsys, "check", "s.yaml")


@pytest.mark.parametrize("separator", [";", "\t"])
def test_another_separator_is_named(separator: str, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    TABLE.to_csv("table.csv", index=False, sep=separator, decimal="," if separator == ";" else ".")
    assert f"separates its columns by {separator!r}" in complaint(capsys, "check", "s.yaml")


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("sqlite+nix:///x.db", "unknown driver 'nix'"),
        ("postgresql+asyncpg://x/y", "unknown driver 'asyncpg'"),
        ("sqlite:///a\0b", "NUL character"),
        (f"sqlite:///{'x' * 300}", "there is no storage"),
    ],
)
def test_a_wrong_storage_is_refused(
    url: str, words: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert words in complaint(capsys, "list", "--storage", url)


def score(request: tg.Request) -> dict[str, float]:
    return dict.fromkeys(request.subset, 0.5)


def by_function(**arguments: object) -> Callable[[], object]:
    settings = {"train": score, "runs": 28, "seeds": 1, "confirm": False} | arguments
    names = settings.pop("names", ["a", "b"])
    return lambda: tg.search(names, **settings)  # type: ignore[arg-type]


def of_study(**arguments: object) -> Callable[[], object]:
    return lambda: tg.search(tg.load_study("s.yaml"), **arguments)  # type: ignore[arg-type]


def measured(subsets: object = (("a", "b"),), **arguments: object) -> Callable[[], object]:
    return lambda: tg.measure(tg.load_study("s.yaml"), subsets, **arguments)  # type: ignore[arg-type]


def grouped(select: object = "loss_{task}", **arguments: object) -> Callable[[], object]:
    table = pd.DataFrame({"subset": ["a", "b"], "loss_a": [1, None], "loss_b": [None, 1]})
    return lambda: tg.group(table, select, **arguments)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (by_function(names=None), "the first argument is None"),
        (by_function(train=3), "train is 3; give a function"),
        (by_function(train=lambda r: dict.fromkeys(r.subset, "good")), "a score is a number"),
        (by_function(candidates=3), "candidates is 3"),
        (by_function(candidates=[None]), "subset None is no list"),
        (by_function(importance=3), "importance is 3"),
        (by_function(direction=["maximize"]), r"direction is \['maximize'\]"),
        (by_function(progress="yes"), "progress is 'yes'"),
        (by_function(seed=10**30), "'seed' is 1000"),
        (by_function(workers=2), "workers= goes with a study alone"),
        (of_study(candidates=[["a"]]), "candidates= goes with train= alone"),
        (of_study(confirm=False), "confirm= goes with train= alone"),
        (of_study(name="q"), "name= goes with train= alone"),
        (of_study(device="tpu"), "device is 'tpu'; known: auto, cpu, cuda"),
        (of_study(workers="x"), "workers is 'x'"),
        (measured(subsets=3), "subsets is 3"),
        (measured(seeds="x"), "seeds is 'x'"),
        (lambda: tg.measure("s.yaml", [("a", "b")]), "study is 's.yaml'; give what load_study"),  # type: ignore[arg-type]
        (lambda: tg.load_study(3), "named by its path, not by 3"),  # type: ignore[arg-type]
        (lambda: tg.group(None, "loss_{task}"), "the table is None"),  # type: ignore[arg-type]
        (grouped(select=3), "template 3 lacks"),
        (grouped(budget="x"), "budget is 'x'"),
        (grouped(importance={"a": "x"}), "importance of 'a' is 'x'"),
        (grouped(importance=[1]), r"importance is \[1\]"),
    ],
)
def test_a_wrong_argument_is_refused(call: Callable[[], object], words: str, folder: Path) -> None:
    with pytest.raises(tg.InputError, match=words):
        call()


def test_an_optuna_storage_that_is_none_is_refused(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    search_here(capsys)
    target = ["--to", "nonsense"]
    assert "--to 'nonsense' cannot be opened" in complaint(
        capsys, "export", "other", "--format", "optuna", *target, "--storage", "sqlite:///o.db"
    )


def test_what_to_do_next_names_the_study_and_the_storage_that_were_searched(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    said = search_here(capsys)
    assert "taskgroup report other --storage sqlite:///o.db" in said
    assert "+0.0%, 95% interval +0.0% to +0.0%" not in said


def search_here(capsys: pytest.CaptureFixture[str]) -> str:
    """Search under another name and in another storage than the study's own; what was printed."""
    Path("s.yaml").write_text(STUDY + "training: {epochs: 1}\n")
    with pytest.raises(SystemExit) as ended:
        main(["search", "s.yaml", "--name", "other", "--storage", "sqlite:///o.db", "--quiet"])
    assert ended.value.code == 0
    return capsys.readouterr().out
