"""`taskgroup group`: scripts read its JSON, people its table."""

import json
import sys
from subprocess import run

import pytest
from click.testing import CliRunner

from taskgroup.cli.group import command
from taskgroup.errors import InputError

TABLE = "subset,cost,loss_a,loss_b,test_a,test_b\na,0.5,3,,3.5,\nb,0.5,,2,,2.5\na+b,1.0,2,2.5,2.25,2.75\n"


@pytest.fixture
def table(tmp_path):
    path = tmp_path / "table.csv"
    path.write_text(TABLE)
    return str(path)


def test_json_is_the_contract(table):
    words = [table, "--select", "loss_{task}", "--report", "test_{task}", "--budget", "1.5", "--json"]
    result = CliRunner().invoke(command, words)
    assert result.exit_code == 0
    assert json.loads(result.stdout) == {
        "networks": [
            {"subset": ["a", "b"], "serves": ["a"], "cost": 1.0},
            {"subset": ["b"], "serves": ["b"], "cost": 0.5},
        ],
        "cost": 1.5,
        "select_total": 4.0,
        "report_total": 4.75,
        "bound": 4.0,
        "optimal": True,
    }


def test_text_shows_networks_totals_and_proof(table):
    result = CliRunner().invoke(command, [table, "--select", "loss_{task}", "--groups", "2"])
    assert result.exit_code == 0
    assert result.stdout.splitlines() == [
        "trains  serves  cost",
        "a + b   a          1",
        "b       b        0.5",
        "",
        "cost          1.5",
        "select total  4",
        "proven optimal",
    ]


def test_direction_is_obeyed(table):
    words = [table, "--select", "loss_{task}", "--direction", "maximize", "--json"]
    assert json.loads(CliRunner().invoke(command, words).stdout)["select_total"] == 5.5


def test_wrong_input_reaches_the_main_command(table):
    """Which prints it and exits 2."""
    result = CliRunner().invoke(command, [table, "--select", "lss_{task}"])
    assert isinstance(result.exception, InputError)


def test_help_loads_neither_pandas_nor_scipy():
    """They would make `--help` slow."""
    code = (
        "import sys; import taskgroup.cli.group; "
        "sys.exit(bool({'pandas', 'scipy', 'torch'} & set(sys.modules)))"
    )
    assert run([sys.executable, "-c", code], check=False).returncode == 0


RULED = "subset,loss_a,loss_b,se_a,se_b\na,3,,0.1,\nb,,2,,0.1\na+b,2,2.5,2,0.1\n"


@pytest.mark.parametrize(
    ("words", "served"),
    [
        (["--must-link", "a,b"], [["a", "b"]]),
        (["--cannot-link", "a, b"], [["a"], ["b"]]),
        (["--min-size", "2"], [["a", "b"]]),
        (["--max-size", "1"], [["a"], ["b"]]),
        (["--no-overlap"], [["a", "b"]]),
        (["--error", "se_{task}", "--risk", "1"], [["a"], ["b"]]),
        (["--time", "1m"], [["a"], ["b"]]),
    ],
)
def test_rules_are_obeyed(tmp_path, words, served):
    path = tmp_path / "ruled.csv"
    path.write_text(RULED)
    words = [str(path), "--select", "loss_{task}", "--json", *words]
    networks = json.loads(CliRunner().invoke(command, words, catch_exceptions=False).stdout)["networks"]
    assert [network["serves"] for network in networks] == served


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--must-link", "a,bb"], "must_link names the unknown task 'bb'"),
        (["--must-link", "a"], "at least two"),
        (["--risk", "1"], "needs standard errors"),
        (["--time", "soon"], "90s, 10m or 1.5h"),
        (["--min-size", "3"], "min_size 2"),
    ],
)
def test_wrong_rules_are_refused(table, words, told):
    result = CliRunner().invoke(command, [table, "--select", "loss_{task}", *words])
    assert isinstance(result.exception, InputError)
    assert told in str(result.exception)
