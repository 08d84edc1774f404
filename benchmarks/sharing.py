"""Time every kind of sharing against hard sharing, singly and in a cohort."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from benchmarks import libmtl
from benchmarks.case import Case, Workload
from benchmarks.machine import machine_facts
from benchmarks.packing import DIGITS
from benchmarks.report import Report, Table
from benchmarks.timing import Contender, take_turns
from taskgroup.data import load_dataset
from taskgroup.models import SHARINGS
from taskgroup.spec import RunSpec, Sharing, parse_study
from taskgroup.training import Trainer

TASKS = ("digit", "odd", "ge5", "ink")
SIZES = (1, 16)
_SEPARATE = "hard, depth 0"
_IN_LIBMTL = ("hard", "mmoe", "cgc")


def sharing(rounds: int, sizes: Sequence[int] = SIZES, epochs: int = 5) -> Report:
    """Time a run of each kind by the number of runs at once.

    Args:
        rounds: Turns that each kind takes.
        sizes: Runs at once, four a seed.
        epochs: Passes over the training rows.
    """
    trainer = _trainer(epochs)
    ways = {"hard": Sharing("hard", 2), _SEPARATE: Sharing("hard", 0)}
    ways |= {kind: Sharing(kind, 2) for kind in SHARINGS}
    tables, raw = [], {}
    for n in sizes:
        contenders = {
            name: Contender(f"{name}, {n}", partial(trainer.train, _runs(way, n)), n)
            for name, way in ways.items()
        }
        take_turns(list(contenders.values()), rounds)
        hard, separate = contenders["hard"], contenders[_SEPARATE]
        rows = [
            (name, c.cpu_ms_a_run, hard.times_faster_than(c), separate.times_faster_than(c))
            for name, c in contenders.items()
        ]
        columns = ("", "CPU ms a run", "times hard sharing", "times separate networks")
        tables.append(Table(f"{n} at once" if n > 1 else "One run", columns, rows))
        raw[n] = {name: c.cpu_seconds for name, c in contenders.items()}
    tables += _beside_libmtl(rounds, epochs)
    text = [
        f"{len(TASKS)} tasks on digits (359 training rows, batches of 32, {epochs} epochs), an MLP of 64-64 with both "
        "blocks tied, every kind at its defaults, float32, one thread; medians of "
        f"{rounds} turns that the kinds took one after the other. Hard sharing has one encoder and its "
        f"gradients in closed form; the other kinds have {len(TASKS)} and more, and autograd.",
    ]
    return Report("sharing", "Kinds of sharing", text, tables, machine_facts(), raw)


def _beside_libmtl(rounds: int, epochs: int) -> list[Table]:
    """The kinds that LibMTL has for any encoder, each library relative to its own hard sharing; none without it."""
    if libmtl.why_not() is not None:
        return []
    case = Case(n_rows=360, n_features=64, n_tasks=len(TASKS), batch_size=32, epochs=epochs)
    workload = Workload(case)
    (x, y), (first,) = workload.row_major("train", case.n_tasks), workload.runs(1, case.n_tasks)
    own = {
        kind: [replace(first, sharing=Sharing(kind, 2), seed=seed) for seed in range(16)]
        for kind in _IN_LIBMTL
    }
    for seed in range(16):
        workload.rows(seed)
    contenders = {}
    for kind, runs in own.items():
        contenders["taskgroup, alone", kind] = Contender(kind, partial(workload.train, runs[:1]), 1)
        contenders["taskgroup, 16 at once", kind] = Contender(kind, partial(workload.train, runs), 16)
        contenders["LibMTL", kind] = Contender(kind, partial(libmtl.sharing_loop, case, x, y, kind), 1)
    take_turns(list(contenders.values()), rounds)
    rows = [
        (who, kind, c.cpu_ms_a_run, contenders[who, "hard"].times_faster_than(c))
        for (who, kind), c in contenders.items()
    ]
    columns = ("", "kind", "CPU ms a run", "times hard sharing there")
    return [Table("Beside LibMTL: regressions on a table of the same size", columns, sorted(rows))]


def _trainer(epochs: int) -> Trainer:
    document: dict[str, Any] = {**DIGITS, "training": {"epochs": epochs, "batch_size": 32}}
    study = parse_study({**document, "model": {"widths": [64, 64]}})
    return Trainer(study, load_dataset(study))


def _runs(way: Sharing, n: int) -> list[RunSpec]:
    return [RunSpec(TASKS, way, "equal", 3e-3, 1e-2, i // 4) for i in range(n)]
