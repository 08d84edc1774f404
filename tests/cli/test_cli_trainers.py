"""Searching with a trainer of the user's: the same commands and statistics, whatever the trainer does."""

from __future__ import annotations

import importlib.util
import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import product
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import yaml

import taskgroup as tg
from taskgroup.executors import trainer_executor
from taskgroup.search import default_recipes
from taskgroup.spec import SPLITS
from taskgroup.storage import open_record

EXAMPLES = Path(__file__).parents[2] / "studies" / "examples"
TRAIN = """
import json, os, pathlib, random, signal, sys, time
subset, seed, out = sys.argv[1].split("+"), sys.argv[2], pathlib.Path(sys.argv[3])
with open("log", "a") as log: log.write("+".join(subset) + " " + seed + "\\n")
def score(task, split):
    helped, hurt = {"a", "b"} <= {*subset} and task in "ab", "c" in subset and len(subset) > 1
    noise = random.Random(" ".join([task, *subset, seed, split])).gauss(0, 0.01)
    return 0.8 + 0.1 * helped - 0.2 * hurt + noise
"""
WRITE = """
out.write_text(json.dumps({split: {task: score(task, split) for task in subset} for split in SPLITS}))
"""
BOTH = WRITE.replace("SPLITS", "('validation', 'test')")
NO_TEST = WRITE.replace("SPLITS", "('validation',)")
MODULE = """
import random
def train(request):
    better = 0.05 * (request.subset == ("a", "b")) + random.Random(str(request)).gauss(0, 0.005)
    return {task: 0.8 + better for task in request.subset}
"""


@pytest.fixture
def own_trainer(tmp_path: Path) -> Iterator[None]:
    """A module beside the study, forgotten afterwards."""
    (tmp_path / "own_trainer.py").write_text(MODULE)
    yield
    sys.modules.pop("own_trainer", None)


def write_study(folder: Path, body: str = BOTH, **sections: Any) -> Path:
    """A study of three tasks, of which a and b help each other and c hurts them."""
    (folder / "train.py").write_text(TRAIN + body)
    document = {
        "name": "own",
        "trainer": {
            "command": "{python} -I -S train.py {subset} {seed} {out}",
            "timeout": "20s",
            "retries": 0,
        },
        "tasks": [{"name": name, "kind": "binary", "metric": "accuracy"} for name in "abc"],
        "search": {"runs": 40, "seeds": 3, "confirm_seeds": 2, "strategy": "pairs"},
        "grouping": {"max_groups": 2},
        **sections,
    }
    path = folder / "own.yaml"
    path.write_text(yaml.safe_dump(document))
    return path


def logged(folder: Path) -> list[str]:
    """Every run that was begun, as `SUBSET SEED`."""
    return (folder / "log").read_text().splitlines()


def search_alone(study: Path) -> subprocess.CompletedProcess[str]:
    """Search in a process of its own, which may be killed."""
    code = "from taskgroup.cli import main; main()"
    words = [sys.executable, "-c", code, "search", str(study), "--json", "--quiet"]
    environment = {k: v for k, v in os.environ.items() if k != "TASKGROUP_STORAGE"}
    return subprocess.run(
        words, cwd=study.parent, env=environment, capture_output=True, text=True, check=False
    )


def test_every_command_knows_such_a_study(taskgroup: Callable[..., Any], tmp_path):
    """Nothing of the workflow may be lost for those who bring their own trainer."""
    study = write_study(tmp_path)
    checked = taskgroup("check", study)
    assert checked.code == 0
    assert "trained by: {python} -I -S train.py" in checked.out
    assert not (tmp_path / "log").exists()
    found = taskgroup("search", study, "--json", "--workers", "2")
    assert found.code == 0
    networks = found.json["recommendation"]["networks"]
    assert [network["subset"] for network in networks] == [["a", "b"], ["c"]]
    assert {(n["cost"], n["sharing"], n["weighting"]) for n in networks} == {(1.0, None, None)}
    assert found.json["recommendation"]["low"] > 0
    assert {row["target"] for row in found.json["negative_transfer"]} == {"a", "b", "c"}
    assert "(test rows, fresh seeds)" in taskgroup("search", study).out
    assert taskgroup("status", "own", "--json").json["finished"]
    assert taskgroup("affinity", "own").code == 0
    assert "trained by a function or command" in taskgroup("affinity", "own", "--estimator", "static").err
    assert taskgroup("export", "own", "-o", "groups.json").code == 0
    assert taskgroup("report", "own", "-o", "page").code == 0
    assert "train.py {subset}" in (tmp_path / "page" / "index.html").read_text()
    assert max(Counter(logged(tmp_path)).values()) == 1


def test_without_test_scores_the_verdict_says_so(taskgroup, tmp_path):
    """A gain on the rows that chose the grouping must not pass for one on new rows."""
    study = write_study(tmp_path, NO_TEST)
    found = taskgroup("search", study, "--json")
    assert "gave no test scores" in found.json["recommendation"]["verdict"]
    assert found.json["recommendation"]["gain"] > 0
    said = taskgroup("search", study).out
    assert "(validation rows, fresh seeds)" in said
    assert "test rows" not in said
    taskgroup("report", study, "-o", "page")
    assert "from validation rows" in (tmp_path / "page" / "index.html").read_text()


FAILURES = {
    "a+c 0": ("sys.exit('out of luck')", "exited with 1; stderr ends: out of luck"),
    "a+c 1": ("os.kill(os.getpid(), signal.SIGKILL)", "killed by SIGKILL; it printed nothing"),
    "b+c 0": ("time.sleep(60)", "took longer than trainer.timeout, 0.5 s"),
    "b+c 1": ("out.write_text('no luck'); sys.exit()", "is no JSON"),
    "a+b+c 0": ('out.write_text(\'{"a": NaN, "b": 1, "c": 1}\'); sys.exit()', "no finite number"),
    "a+b+c 1": ('out.write_text(\'{"a": 1, "b": 1}\'); sys.exit()', "no validation score for task 'c'"),
}


def test_a_search_goes_on_past_failed_runs(taskgroup, tmp_path):
    """Runs that cannot train cost their own gains, each with a clear line in the record."""
    body = "".join(f"if sys.argv[1:3] == {run.split()}: {how}\n" for run, (how, _) in FAILURES.items())
    trainer = {"command": "{python} -I -S train.py {subset} {seed} {out}", "timeout": 0.5, "retries": 0}
    study = write_study(tmp_path, body + BOTH, trainer=trainer)
    found = taskgroup("search", study, "--json")
    assert found.code == 3, found.err
    assert found.json["runs_failed"] == len(FAILURES)
    assert any(note.startswith("6 runs failed and are left out") for note in found.json["notes"])
    assert found.json["recommendation"]["gain"] > 0
    with open_record(f"sqlite:///{tmp_path / 'taskgroup.db'}") as record:
        (stored,) = record.studies()
        results = record.results(stored.context).values()
    reasons = {f"{r.spec.subset_name} {r.spec.seed}": str(r.reason) for r in results if not r.ok}
    assert reasons.keys() == FAILURES.keys()
    assert all(words in reasons[run] for run, (_, words) in FAILURES.items())


def test_a_task_that_never_trains_ends_the_search(taskgroup, tmp_path):
    """There is nothing to compare with, and the reason is told at once."""
    ended = taskgroup("search", write_study(tmp_path, f"subset == ['b'] and sys.exit('no b')\n{BOTH}"))
    assert ended.code == 1
    assert "every single-task run of task 'b' failed" in ended.err
    assert "stderr ends: no b" in ended.err


def test_a_killed_search_keeps_what_was_finished(taskgroup, tmp_path):
    """Runs of an hour each are not made twice."""
    kill = "if len(open('log').readlines()) == 9: os.kill(os.getppid(), signal.SIGKILL); time.sleep(60)\n"
    study = write_study(tmp_path, kill + BOTH)
    assert search_alone(study).returncode == -signal.SIGKILL
    assert len(logged(tmp_path)) == 9
    done = taskgroup("search", study, "--json")
    assert done.code == 0, done.err
    counted = Counter(logged(tmp_path))
    assert [run for run, n in counted.items() if n > 1] == [logged(tmp_path)[8]]
    assert done.json["runs_finished"] == len(counted)


def test_an_interrupted_search_ends_its_commands(tmp_path):
    """Ctrl-C must be quick, say so, and leave nothing running."""
    stop = "if len(open('log').readlines()) == 3: os.kill(os.getppid(), signal.SIGINT); time.sleep(60)\n"
    ended = search_alone(write_study(tmp_path, stop + BOTH))
    assert ended.returncode == 130
    assert "every finished run is kept" in ended.stderr


def test_another_program_under_the_same_name_is_refused(taskgroup, tmp_path):
    """Scores of two versions of a script must not be mixed without a word."""
    study = write_study(tmp_path)
    assert taskgroup("search", study, "--quiet").code == 0
    write_study(tmp_path, BOTH + "# other\n")
    changed = taskgroup("search", study)
    assert changed.code == 2
    assert "trainer: a file that it names has changed" in changed.err
    assert "--name NEW" in changed.err


@pytest.mark.parametrize(
    ("trainer", "words"),
    [
        ({"command": "no-such-program {subset} {out}"}, "'no-such-program', which is no program"),
        ({"command": "./gone.sh {subset} {out}"}, "'./gone.sh', which is no program"),
        ({"command": "{python} {subset} {out}", "working_directory": "gone"}, "is no folder"),
        ({"function": "python:own_trainer:trian"}, "no function 'trian'; did you mean 'train'?"),
        ({"function": "python:gone_module:train"}, "there is no module 'gone_module'"),
    ],
)
@pytest.mark.parametrize("command", ["check", "search"])
@pytest.mark.usefixtures("own_trainer")
def test_a_trainer_that_is_not_there_is_refused(taskgroup, tmp_path, trainer, words, command):
    """Before a database is made, and before the first of many failed runs."""
    ended = taskgroup(command, write_study(tmp_path, trainer=trainer))
    assert ended.code == 2
    assert words in ended.err
    assert not (tmp_path / "taskgroup.db").exists()


@pytest.mark.parametrize(("option", "value"), [("--device", "cuda"), ("--baseline", "matched")])
def test_what_only_networks_trained_here_have_is_refused(taskgroup, tmp_path, option, value):
    assert taskgroup("search", write_study(tmp_path), option, value).code == 2


@pytest.mark.usefixtures("own_trainer")
def test_a_study_file_may_name_a_function(taskgroup, tmp_path):
    """The cheapest trainer: no process a run."""
    study = write_study(tmp_path, trainer={"function": "python:own_trainer:train"})
    assert "use 1, or a trainer.command" in taskgroup("search", study, "--workers", "2").err
    found = taskgroup("search", study, "--json")
    assert found.code == 0
    assert [n["subset"] for n in found.json["recommendation"]["networks"]] == [["a", "b"], ["c"]]
    assert taskgroup("report", "own", "-o", "page").code == 0


@pytest.mark.usefixtures("own_trainer")
def test_a_module_of_that_name_from_elsewhere_is_refused(taskgroup, tmp_path):
    """The trainer of another study would be run in its place."""
    sys.modules["own_trainer"] = ModuleType("own_trainer")
    sys.modules["own_trainer"].__file__ = str(tmp_path.parent / "own_trainer.py")
    ended = taskgroup("check", write_study(tmp_path, trainer={"function": "python:own_trainer:train"}))
    assert "imported before from" in ended.err


def test_exactly_the_subsets_asked_for_are_measured(tmp_path):
    study = tg.load_study(write_study(tmp_path))
    measured = tg.measure(study, [("a", "b")], seeds=2, workers=2)
    assert sorted(logged(tmp_path)) == ["a 0", "a 1", "a+b 0", "a+b 1", "b 0", "b 1"]
    assert (measured.transfer["gain"] > 0).all()
    with pytest.raises(tg.InputError, match="known widths"):
        tg.measure(study, [("a", "b")], baseline="matched")


def test_the_number_of_workers_decides_nothing(tmp_path):
    study = tg.load_study(write_study(tmp_path))
    one, two = (tg.search(study, workers=workers) for workers in (1, 2))
    assert one.recommendation == two.recommendation


def test_the_example_with_libmtl_says_what_it_needs():
    """It is not among the dependencies; a traceback would not tell."""
    if importlib.util.find_spec("LibMTL") is not None:
        pytest.skip("LibMTL is installed")
    assert tg.load_study(EXAMPLES / "libmtl" / "study.yaml").trainer is not None
    script = EXAMPLES / "libmtl" / "train.py"
    done = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith("this example trains with LibMTL, which cannot be imported")


def test_the_example_in_plain_torch_runs():
    """It is what people copy."""
    study = tg.load_study(EXAMPLES / "plain_torch" / "study.yaml")
    executor = trainer_executor(study, study.trainer)
    ((result,),) = executor.train([[default_recipes(study).spec(("digit", "odd"), 0)]])
    executor.close()
    assert result.ok, result.reason
    assert {(s.task, s.split) for s in result.scores} == {*product(("digit", "odd"), SPLITS)}
    assert min(s.value for s in result.scores) > 0.6
