"""Training by a command of the user's: whatever it does, its run alone fails and nothing is left behind."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from planted import TASKS
from suites.executor_suite import ExecutorSuite, make_spec

from taskgroup.executors import CommandExecutor
from taskgroup.spec import RunResult, Task, TrainerSpec

NAMES = (*TASKS, "two words", "it's", "; touch gone", "$(id)")
SCORED = [Task(name=name, kind="regression") for name in NAMES]
_START = """
import json, os, pathlib, signal, subprocess, sys, time
subset, seed, out = sys.argv[1].split("+"), int(sys.argv[2]), pathlib.Path(sys.argv[3])
scores = {task: seed + len(subset) / 10 for task in subset}
def write(document): out.write_text(json.dumps(document))
"""
_SLEEPER = "[sys.executable, '-I', '-S', '-c', 'import time; time.sleep(60)']"


def command(folder: Path, body: str, **settings: object) -> TrainerSpec:
    """A trainer whose script ends with these lines."""
    (folder / "train.py").write_text(_START + body)
    words = "{python} -I -S train.py {subset} {seed} {out}"
    return TrainerSpec(command=words, working_directory=str(folder), **{"retries": 0, **settings})


def run(trainer: TrainerSpec, *subset: str) -> RunResult:
    executor = CommandExecutor(trainer, SCORED, grace_seconds=0.2)
    try:
        ((result,),) = executor.train([[make_spec(*(subset or ("a", "b")))]])
    finally:
        executor.close()
    return result


def reason(folder: Path, body: str, **settings: object) -> str:
    """Why a run failed."""
    result = run(command(folder, body, **settings))
    assert not result.ok
    assert not result.scores
    assert result.reason is not None
    assert result.reason.isprintable()
    return result.reason


def has_ended(pid: int, seconds: float = 10.0) -> bool:
    """Whether a process has gone, or goes in time."""
    try:
        handle = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        return bool(select.select([handle], [], [], seconds)[0])
    finally:
        os.close(handle)


class TestCommandExecutor(ExecutorSuite):
    @pytest.fixture(scope="class")
    @classmethod
    def executor(cls, tmp_path_factory: pytest.TempPathFactory) -> Iterator[CommandExecutor]:
        executor = CommandExecutor(
            command(tmp_path_factory.mktemp("commands"), "write(scores)"), SCORED, n_workers=2
        )
        yield executor
        executor.close()


def test_each_run_is_a_cohort(tmp_path):
    """Commands may take hours; each is recorded as soon as it is done."""
    specs = [make_spec("a"), make_spec("b")]
    assert CommandExecutor(command(tmp_path, ""), SCORED).pack(specs) == [[specs[0]], [specs[1]]]


def test_scores_of_both_splits_come_back(tmp_path):
    """Without the test scores the reported gain would be that of the rows it was chosen by."""
    result = run(command(tmp_path, "write({'test': {'a': 3, 'b': 4}, 'validation': {'a': 1, 'b': 2.5}})"))
    assert [(s.task, s.split, s.metric, s.value) for s in result.scores] == [
        ("a", "validation", "r2", 1.0),
        ("b", "validation", "r2", 2.5),
        ("a", "test", "r2", 3.0),
        ("b", "test", "r2", 4.0),
    ]


def test_a_crash_is_told_with_the_end_of_its_output(tmp_path):
    """The user reads the reason, not the machine that it happened on."""
    text = reason(
        tmp_path, "print('step', *range(9999))\nprint('\\x1b[31mred\\x00\\x07')\nraise ValueError('no luck')"
    )
    assert text.startswith("the command exited with 1; stderr ends: Traceback")
    assert "ValueError: no luck" in text
    assert text.endswith("9998 | red")
    assert len(text) < 2500


def test_a_signal_is_named(tmp_path):
    """Out of memory and a bug in a library look alike as numbers."""
    assert "killed by SIGSEGV; it printed nothing" in reason(tmp_path, "os.kill(os.getpid(), signal.SIGSEGV)")


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("", "wrote no scores to {out}"),
        ("out.mkdir()", "wrote no scores to {out}"),
        ("out.write_text('loss: 0.3')", "is no JSON"),
        ("out.write_bytes(bytes(range(128, 256)))", "is no JSON"),
        ("out.write_text('[' * 9999)", "is no JSON"),
        ("out.write_text(' ' * 2**21)", "more than 1,048,576 bytes"),
        ("write([1, 2])", "not {task: score}"),
        ("write({'a': 1})", "no validation score for task 'b'"),
        ("write({**scores, 'B': 1})", "for 'B', which it was not told to train; did you mean 'b'"),
        ("write({'a': 1, 'b': float('nan')})", "task 'b' is nan, no finite number"),
        ("write({'a': 1, 'b': -float('inf')})", "no finite number"),
        ("write({'a': 1, 'b': 10**400})", "no finite number"),
        ("write({'a': 1, 'b': True})", "no finite number"),
        ("write({'a': 1, 'b': '0.5'})", "no finite number"),
        ("write({'a': 1, 'b': None})", "no finite number"),
        ("write({'validation': scores, 'train': scores})", "split are for validation and test"),
        ("write({'validation': scores, 'test': {'a': 1}})", "no test score for task 'b'"),
        ("write({'test': scores})", "no validation scores"),
        ("print('epoch 1 done')", "stdout ends: epoch 1 done"),
    ],
)
def test_scores_that_are_none_fail_their_run(tmp_path, body, words):
    """One bad run of many dear ones must not end the search, nor enter its averages."""
    assert words in reason(tmp_path, body)


def test_a_hanging_command_is_ended_with_all_that_it_started(tmp_path):
    """They would hold their memory, or their GPU, until somebody finds them."""
    body = f"""
signal.signal(signal.SIGTERM, signal.SIG_IGN)
child = subprocess.Popen({_SLEEPER}, preexec_fn=lambda: signal.signal(signal.SIGTERM, signal.SIG_DFL))
print(os.getpid(), child.pid, flush=True)
time.sleep(60)
"""
    text = reason(tmp_path, body, timeout=0.5)
    assert "took longer than trainer.timeout, 0.5 s" in text
    assert all(has_ended(int(pid), 1) for pid in text.rpartition("stdout ends: ")[2].split())


def test_what_a_finished_command_left_behind_is_ended(tmp_path):
    """Even where it holds the command's output open, the run's scores count and nothing runs on."""
    pid_file = tmp_path / "pid"
    body = (
        f"child = subprocess.Popen({_SLEEPER})\npathlib.Path('pid').write_text(str(child.pid))\nwrite(scores)"
    )
    started = time.monotonic()
    assert run(command(tmp_path, body)).ok
    assert time.monotonic() - started < 20
    assert has_ended(int(pid_file.read_text()), 1)


def test_a_talkative_command_does_not_stall(tmp_path):
    """A full pipe that nobody reads would hang it until its timeout."""
    assert run(command(tmp_path, "sys.stderr.write('x' * 2**20)\nprint('y' * 2**20)\nwrite(scores)")).ok


def test_a_run_that_failed_is_tried_again(tmp_path):
    """A full disk or a busy GPU may be past a moment later."""
    body = """
if not os.path.exists("mark"):
    open("mark", "w").close()
    sys.exit(3)
write(scores)
"""
    assert run(command(tmp_path, body, retries=1)).ok


def test_a_run_is_tried_a_few_times_only(tmp_path):
    """A run that cannot succeed must not keep a search from ending."""
    body = "open('tries', 'a').write('x')\nsys.exit(3)"
    assert reason(tmp_path, body, retries=2).startswith("tried 3 times, at last: the command exited with 3")
    assert (tmp_path / "tries").read_text() == "xxx"


def test_names_are_never_read_by_a_shell(tmp_path):
    """A task may be called anything; none may run as a program, or fall apart."""
    result = run(command(tmp_path, "write(scores)"), "two words", "it's", "; touch gone", "$(id)")
    assert [score.task for score in result.scores] == ["two words", "it's", "; touch gone", "$(id)"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["train.py"]


def test_every_placeholder_is_filled(tmp_path):
    """The command is told all that decides a run."""
    (tmp_path / "train.py").write_text(
        _START + "open('told', 'w').write(' '.join(sys.argv[4:]))\nwrite(scores)"
    )
    words = "{tasks} {fidelity} {depth} {sharing} {weighting} --x={seed} {{}}"
    trainer = TrainerSpec(
        command="{python} -I -S train.py {subset} {seed} {out} " + words, working_directory=str(tmp_path)
    )
    assert run(trainer, "a", "c").ok
    assert (tmp_path / "told").read_text() == "a,c 1 1 hard equal --x=0 {}"


def test_its_environment_is_set(tmp_path):
    body = "scores['a'] = float(os.environ['RATE'])\nwrite(scores)"
    result = run(command(tmp_path, body, environment={"RATE": 0.25}))
    assert result.scores[0].value == 0.25


def test_a_command_that_cannot_be_started_fails_its_run(tmp_path):
    """The program may be gone by then."""
    trainer = TrainerSpec(command="./gone {tasks} {out}", working_directory=str(tmp_path))
    assert "could not be started" in str(run(trainer).reason)


def test_workers_train_at_the_same_time(tmp_path):
    """Each waits for the other here, so that one after the other would take until the timeout."""
    body = """
pathlib.Path(subset[0]).touch()
while not all(pathlib.Path(name).exists() for name in "ab"): time.sleep(0.01)
write(scores)
"""
    executor = CommandExecutor(command(tmp_path, body, timeout=20), SCORED, n_workers=2)
    returned = list(executor.train([[make_spec("a")], [make_spec("b")]]))
    executor.close()
    assert all(result.ok for (result,) in returned)


def test_a_search_that_stops_in_the_middle_stops_its_commands(tmp_path):
    """Ctrl-C must not leave processes behind, nor wait for what they are at."""
    body = """
pathlib.Path(subset[0]).write_text(str(os.getpid()))
if subset == ["a"]:
    while not pathlib.Path("b").exists() or not pathlib.Path("b").read_text(): time.sleep(0.01)
else:
    time.sleep(60)
write(scores)
"""
    executor = CommandExecutor(command(tmp_path, body), SCORED, n_workers=2, grace_seconds=0.2)
    training = executor.train([[make_spec("a")], [make_spec("b")], [make_spec("c")]])
    next(training)
    executor.close()
    assert has_ended(int((tmp_path / "b").read_text()), 1)
    training.close()


_KILLED_SEARCH = """
import sys
from suites.executor_suite import make_spec
from taskgroup.executors import CommandExecutor
from taskgroup.spec import Task, TrainerSpec
trainer = TrainerSpec.model_validate_json(sys.argv[1])
next(CommandExecutor(trainer, [Task(name="a", kind="regression")]).train([[make_spec("a")]]))
"""


def test_commands_end_with_a_search_that_is_killed(tmp_path):
    """Nobody is left to watch their timeout, so that a hanging one would hang for ever."""
    body = "with open('fifo', 'w') as fifo: fifo.write(str(os.getpid()))\ntime.sleep(60)"
    trainer = command(tmp_path, body)
    os.mkfifo(tmp_path / "fifo")
    paths = os.pathsep.join([str(Path(__file__).parents[1]), str(Path(__file__).parents[2])])
    words = [sys.executable, "-c", _KILLED_SEARCH, trainer.model_dump_json()]
    with subprocess.Popen(words, env={**os.environ, "PYTHONPATH": paths}) as search:
        pid = int((tmp_path / "fifo").read_text())
        search.send_signal(signal.SIGKILL)
    assert has_ended(pid)


def test_auxiliary_tasks_need_no_scores_and_get_none(tmp_path):
    """A command is told who rides along; how well that goes is its own business."""
    tasks = [Task(name="a", kind="regression"), Task(name="b", kind="regression", role="auxiliary")]
    for body in ("write({'a': 1.0})", "write({'a': 1.0, 'b': 'unknown'})"):
        executor = CommandExecutor(command(tmp_path, body), tasks)
        try:
            ((result,),) = executor.train([[make_spec("a", "b")]])
        finally:
            executor.close()
        assert [(score.task, score.value) for score in result.scores] == [("a", 1.0)]
