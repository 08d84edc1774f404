"""What a `trainer.command` adds to a training over a Python function: one process, watched, a run."""

from __future__ import annotations

import contextlib
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

from benchmarks.machine import machine_facts
from benchmarks.report import Report, Table
from taskgroup.executors import CommandExecutor, Executor, FunctionExecutor, Request
from taskgroup.spec import RunSpec, Sharing, Task, TrainerSpec

_TASKS = ("a", "b", "c")
_SCRIPT = """
import sys
tasks, out = sys.argv[1].split(","), sys.argv[2]
with open(out, "w") as file:
    file.write("{%s}" % ", ".join('"%s": 0.5' % task for task in tasks))
"""
_COMMAND = "{python} -I -S train.py {tasks} {out}"
_TEXT = (
    "The trainer does nothing but return 0.5 for each of three tasks: what is left is what it costs to ask it. CPU "
    "time is that of this process and of those it started and waited for. `a bare start` is the same script started "
    "by `subprocess.run`, which is what any process a run costs; a trainer that imports torch adds its import, 1 to "
    "2 s here, whoever starts it. Turns are taken in rounds; figures are medians over rounds.",
)


@dataclass
class _Asked:
    """One way to ask a trainer.

    Attributes:
        name: For the table.
        ask: Asks it for some runs.
        cpu_ms: CPU time a run, of each round.
        wall_ms: Elapsed time a run, of each round.
    """

    name: str
    ask: Callable[[int], None]
    cpu_ms: list[float] = field(default_factory=list)
    wall_ms: list[float] = field(default_factory=list)

    def take_a_turn(self, n_runs: int) -> None:
        """Ask, and note how long it took."""
        wall, cpu = time.perf_counter(), _cpu_seconds()
        self.ask(n_runs)
        self.cpu_ms.append(1000 * (_cpu_seconds() - cpu) / n_runs)
        self.wall_ms.append(1000 * (time.perf_counter() - wall) / n_runs)


def trainers(rounds: int, *, n_runs: int = 50) -> Report:
    """Time a function, a bare process and the command executor, with one worker and with two.

    Args:
        rounds: Turns that each takes.
        n_runs: Trainings in a turn.
    """
    with _contenders() as contenders:
        for contender in contenders:
            contender.ask(2)
        for _ in range(rounds):
            for contender in contenders:
                contender.take_a_turn(n_runs)
    start = next(c for c in contenders if c.name == "a bare start")
    rows = [_row(contender, start) for contender in contenders]
    columns = ["asked by", "CPU ms", "wall ms", "CPU ms beyond the start", "wall ms beyond the start"]
    return Report(
        name="trainers",
        title="What a training command costs, a run",
        text=_TEXT,
        tables=[Table(f"A trivial trainer, {n_runs} runs in a turn, {rounds} rounds", columns, rows)],
        facts=machine_facts(),
        raw={c.name: {"cpu_ms": c.cpu_ms, "wall_ms": c.wall_ms} for c in contenders},
    )


@contextlib.contextmanager
def _contenders() -> Iterator[list[_Asked]]:
    tasks = [Task(name=name, kind="regression") for name in _TASKS]
    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as stack:
        (Path(folder) / "train.py").write_text(_SCRIPT, encoding="utf-8")
        trainer = TrainerSpec(command=_COMMAND, working_directory=folder)
        one, two = (CommandExecutor(trainer, tasks, n_workers=n) for n in (1, 2))
        for executor in (one, two):
            stack.callback(executor.close)
        yield [
            _Asked("a function", _asking(FunctionExecutor(_half, tasks))),
            _Asked("a bare start", lambda n_runs: _start(Path(folder), n_runs)),
            _Asked("a command", _asking(one)),
            _Asked("a command, 2 workers", _asking(two)),
        ]


def _asking(executor: Executor) -> Callable[[int], None]:
    def ask(n_runs: int) -> None:
        specs = [RunSpec(_TASKS, Sharing("hard", 1), "equal", 0.0, 0.0, seed) for seed in range(n_runs)]
        for results in executor.train(executor.pack(specs)):
            assert all(result.ok for result in results)

    return ask


def _half(request: Request) -> dict[str, float]:
    return dict.fromkeys(request.subset, 0.5)


def _start(folder: Path, n_runs: int) -> None:
    words = [sys.executable, "-I", "-S", "train.py", ",".join(_TASKS), "scores.json"]
    for _ in range(n_runs):
        subprocess.run(words, cwd=folder, check=True)


def _row(contender: _Asked, start: _Asked) -> list[str | float | int]:
    cpu, wall = median(contender.cpu_ms), median(contender.wall_ms)
    if contender.name in ("a function", start.name):
        return [contender.name, cpu, wall, "-", "-"]
    return [contender.name, cpu, wall, cpu - median(start.cpu_ms), wall - median(start.wall_ms)]


def _cpu_seconds() -> float:
    """Of this process and of all that it has waited for."""
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime
