"""Time a run over the number of runs that train at once, and the number that taskgroup chooses."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from benchmarks.case import Case, Workload
from benchmarks.machine import machine_facts
from benchmarks.report import Report, Table
from benchmarks.timing import Contender, take_turns
from taskgroup.data import load_dataset
from taskgroup.spec import RunSpec, Sharing, parse_study
from taskgroup.training import Trainer

SIZES = (2, 4, 8, 12, 16, 24, 32, 48, 64, 96, 128)
_POOL = 400
DIGITS = {
    "name": "digits",
    "data": {"source": "sklearn:digits", "split": {"train_fraction": 0.2}},
    "tasks": [
        {"name": "digit", "kind": "multiclass"},
        *({"name": name, "kind": "binary"} for name in ("odd", "ge5", "has_loop", "prime")),
        *({"name": name, "kind": "regression"} for name in ("ink", "left_share")),
    ],
    "training": {"epochs": 30, "batch_size": 32},
}


@dataclass(frozen=True)
class Job:
    """Runs to pack and a way to train them.

    Attributes:
        name: What it is called.
        runs: A pool, seeds together, as long as a search's batch.
        train: Trains one cohort.
        pack: Divides runs into cohorts.
    """

    name: str
    runs: list[RunSpec]
    train: Callable[[Sequence[RunSpec]], object]
    pack: Callable[[Sequence[RunSpec]], list[list[RunSpec]]]

    def chosen(self) -> int:
        """The cohort size that taskgroup packs."""
        return max(len(cohort) for cohort in self.pack(self.runs))


def packing(rounds: int, jobs: Sequence[Job] | None = None, sizes: Sequence[int] = SIZES) -> Report:
    """Time every cohort size on every job.

    Args:
        rounds: Turns that each size takes.
        jobs: What to train; small, wide and mixed networks by default.
        sizes: Runs at once; taskgroup's own choice comes on top.
    """
    rows: list[tuple[str | float | int, ...]] = []
    raw = {}
    for job in jobs or default_jobs():
        chosen = job.chosen()
        by_size = {
            n: Contender(str(n), partial(job.train, job.runs[:n]), n) for n in sorted({*sizes, chosen})
        }
        take_turns(list(by_size.values()), rounds)
        ms = {n: contender.cpu_ms_a_run for n, contender in by_size.items()}
        best = min(ms, key=ms.__getitem__)
        rows.append((job.name, *(ms[n] for n in sizes), best, chosen, ms[chosen] / ms[best] - 1.0))
        raw[job.name] = {"chosen": chosen, "cpu_seconds": {n: c.cpu_seconds for n, c in by_size.items()}}
    text = [
        "CPU ms a run by the number of runs that train at once; one thread, medians of "
        f"{rounds} turns that the sizes took one after the other. `excess` is what the chosen size costs beyond "
        "the best one.",
    ]
    columns = ("", *map(str, sizes), "best", "chosen", "excess")
    table = Table("CPU ms a run by cohort size", columns, rows)
    return Report("packing", "How many runs at once", text, [table], machine_facts(), raw)


def default_jobs() -> list[Job]:
    """The engine's case, the digits of scikit-learn at both depths, and wide networks."""
    wide = Case(n_features=128, widths=(256, 256))
    return [
        _tabular("pairs, 64 × 64, batch 128", Case(), 2),
        _tabular("all 8 tasks, 64 × 64, batch 128", Case(), 8),
        _digits("digits, pairs, batch 32, depth 2", 2, 2),
        _digits("digits, pairs, batch 32, depth 1", 2, 1),
        _digits("digits, single tasks, batch 32", 1, 2),
        _tabular("pairs, 256 × 256, 128 features", wide, 2),
    ]


def _tabular(name: str, case: Case, n_tasks: int) -> Job:
    workload = Workload(case)
    return Job(
        name, workload.runs(_POOL if n_tasks == 2 else 128, n_tasks), workload.train, workload.own_packing
    )


def _digits(name: str, n_tasks: int, depth: int) -> Job:
    """Every subset of a size without the ten-class task, whose heads are wider and packed apart."""
    study = parse_study(DIGITS)
    trainer = Trainer(study, load_dataset(study))
    tasks = [task for task in study.task_names if task != "digit"]
    runs = [
        RunSpec(subset, Sharing("hard", depth), "equal", 3e-3, 1e-2, seed)
        for seed in range(_POOL)
        for subset in itertools.combinations(tasks, n_tasks)
    ][:_POOL]
    return Job(name, runs, trainer.train, trainer.pack)
