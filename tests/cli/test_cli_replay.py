"""`taskgroup replay`: scripts read its JSON, people its table."""

from __future__ import annotations

import itertools
import json
import sys
from subprocess import run

import pytest

TASKS = ("a", "b", "c")


@pytest.fixture
def table(tmp_path):
    lines = ["subset,val_a,val_b,val_c,test_a,test_b,test_c"]
    for size in (1, 2, 3):
        for subset in itertools.combinations(TASKS, size):
            cells = [
                f"{0.5 + 0.1 * ({'a', 'b'} <= set(subset)) - 0.02 * size:.3f}" if t in subset else ""
                for t in TASKS
            ]
            lines.append(",".join(["+".join(subset), *cells, *cells]))
    path = tmp_path / "table.csv"
    path.write_text("\n".join(lines) + "\n")
    return path


@pytest.mark.parametrize("strategy", ["active", "hoa", "pairs", "random", "exhaustive"])
def test_json_is_one_document_with_the_score_after_each_run(taskgroup, table, strategy):
    ended = taskgroup(
        "replay", table, "--strategy", strategy, "--runs", 6, "--groups", 2, "--seeds", 2, "--json"
    )
    assert ended.code == 0
    document = ended.json
    assert document["strategy"] == strategy
    assert [point["runs"] for point in document["curve"]] == [4, 5, 6]
    assert set(document["curve"][0]) == {"runs", "score", "low", "high", "share"}
    assert {seed: len(scores) for seed, scores in document["scores"].items()} == {"0": 3, "1": 3}
    assert (document["select"], document["report"], document["direction"]) == (
        "val_{task}",
        "test_{task}",
        "maximize",
    )
    assert document["baseline"] <= document["achievable"]
    assert len(document["stopped"]) == 2


def test_json_has_null_where_there_is_no_number(taskgroup, table):
    """Scripts in other languages refuse NaN."""
    table.write_text(without(table, "a+b+c"))
    words = ["replay", table, "--strategy", "pairs", "--groups", 2, "--seeds", 1, "--json"]
    ended = taskgroup(*words)
    document = json.loads(ended.out, parse_constant=lambda name: pytest.fail(f"{name} is no JSON"))
    assert document["baseline"] is None
    assert document["scores"]["0"][0] is None
    assert document["scores"]["0"][-1] is not None


def test_text_is_a_table_for_people(taskgroup, table):
    ended = taskgroup("replay", table, "--strategy", "exhaustive", "--runs", 7, "--groups", 2, "--seeds", 2)
    assert ended.code == 0
    lines = ended.out.splitlines()
    assert lines[0].startswith("exhaustive: 2 replays")
    assert "val_{task}" in lines[1]
    assert "test_{task}" in lines[1]
    assert any(line.split()[0] == "7" and line.endswith("100%") for line in lines if line.strip())
    assert max(map(len, lines)) <= 120
    assert "nan" not in ended.out


def test_text_without_a_baseline_has_no_nan(taskgroup, table):
    table.write_text(without(table, "a+b+c"))
    ended = taskgroup("replay", table, "--strategy", "pairs", "--groups", 2, "--seeds", 1)
    assert ended.code == 0
    assert "nan" not in ended.out


def test_the_options_reach_the_replay(taskgroup, table):
    words = ["replay", table, "--strategy", "random", "--seeds", 2, "--seed", 5, "--noise", 0.5, "--json"]
    flags = ["--select", "test_{task}", "--report", "val_{task}", "--direction", "minimize", "--groups", 1]
    document = taskgroup(*words, *flags).json
    assert list(document["scores"]) == ["5", "6"]
    assert (document["select"], document["report"]) == ("test_{task}", "val_{task}")
    assert (document["direction"], document["groups"]) == ("minimize", 1)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--strategy", "actve"], "did you mean 'active'?"),
        (["--runs", "2"], "runs is 2"),
        (["--runs", "0"], "0"),
        (["--repeats", "2"], "repeats is 2"),
        (["--select", "vall_{task}"], "vall_{task}"),
        (["--direction", "up"], "up"),
        (["--noise", "-1"], "-1"),
        (["--groups", "0"], "0"),
    ],
)
def test_wrong_input_is_one_clear_error(taskgroup, table, words, told):
    ended = taskgroup("replay", table, *words)
    assert ended.code == 2
    assert told in ended.err
    assert ended.out == ""
    assert "Traceback" not in ended.err


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("", "empty"),
        ("subset,val_a\n", "no rows"),
        ("name,val_a\na,1\n", "no column 'subset'"),
        ("subset\na\n", "select"),
    ],
)
def test_a_useless_table_is_refused(taskgroup, tmp_path, content, told):
    path = tmp_path / "useless.csv"
    path.write_text(content)
    ended = taskgroup("replay", path)
    assert ended.code == 2
    assert told in ended.err


def test_a_file_that_is_not_there_is_named(taskgroup):
    ended = taskgroup("replay", "nowhere.csv")
    assert ended.code == 2
    assert "nowhere.csv" in ended.err


def test_help_loads_neither_pandas_nor_scipy():
    """They would make `--help` slow."""
    code = (
        "import sys; import taskgroup.cli.replay; "
        "sys.exit(bool({'pandas', 'scipy', 'torch'} & set(sys.modules)))"
    )
    assert run([sys.executable, "-c", code], check=False).returncode == 0


def without(path, name: str) -> str:
    return "".join(
        line for line in path.read_text().splitlines(keepends=True) if not line.startswith(f"{name},")
    )
