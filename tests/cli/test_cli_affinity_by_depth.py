"""`taskgroup affinity --by-depth`: what it prints, and that its tree goes into a study file."""

from __future__ import annotations

import io
from pathlib import Path

import pandas as pd
import pytest
import yaml
from planted import write_study

from taskgroup.spec import parse_study


@pytest.fixture(scope="module")
def measured(tmp_path_factory) -> tuple[Path, str]:
    folder = tmp_path_factory.mktemp("by_depth")
    study = write_study(folder, model={"widths": [8, 8]}, training={"epochs": 3})
    return study, f"sqlite:///{folder}/t.db"


@pytest.fixture
def command(taskgroup, measured):
    """The command on the study file, or on the study that is stored."""
    path, url = measured
    return lambda *words, study=path: taskgroup("affinity", study, "--storage", url, *words)


def test_the_forms_say_the_same(command):
    """Scripts read what users see."""
    document = command("--by-depth", "--json", "--quiet").json
    table = pd.read_csv(io.StringIO(command("--by-depth", "--format", "csv", "--quiet").out))
    assert [matrix["depth"] for matrix in document["depths"]] == [1, 2] == sorted(set(table["depth"]))
    first = table.iloc[0]
    place = [document["depths"][0]["tasks"].index(first[name]) for name in ("target", "source")]
    assert document["depths"][0]["estimate"][place[0]][place[1]] == pytest.approx(first["gain"])
    shown = command("--by-depth", study="planted").out
    assert "1 block shared:" in shown
    assert "2 blocks shared:" in shown
    assert document["tree"]["text"] in shown
    assert document["tree"]["sentence"] in shown


def test_the_tree_can_be_pasted(command, measured):
    """A recommendation that the study file refuses is none."""
    tree = command("--by-depth", "--json", "--quiet").json["tree"]
    document = yaml.safe_load(measured[0].read_text())
    document["search"] |= yaml.safe_load(tree["text"])
    assert parse_study(document).sharings[0].method.name == tree["kind"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--runs", "5"], "--runs goes with --by-depth"),
        (["--by-depth", "--estimator", "static"], "drop one of them"),
    ],
)
def test_options_that_would_be_ignored_are_refused(command, arguments, said):
    ended = command(*arguments)
    assert ended.code == 2
    assert said in ended.err
