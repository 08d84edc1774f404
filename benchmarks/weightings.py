"""What each weighting costs beside equal weights: in taskgroup alone and in a cohort, in TorchJD and in LibMTL."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from importlib.util import find_spec
from typing import Any

from benchmarks import libmtl, torchjd_loop
from benchmarks.case import Case, Workload
from benchmarks.machine import machine_facts
from benchmarks.plain import plain_loop
from benchmarks.report import Report, Table
from benchmarks.timing import Contender, take_turns
from taskgroup.spec import WEIGHTING_FACTS, RunSpec

COHORT = 16
_SOLVER_BOUND = ("cagrad", "nash_mtl")  # take as long in company as alone, and very long
_ALONE, _COHORT = "taskgroup, alone", "taskgroup, in a cohort"
_TORCHJD, _LIBMTL = "TorchJD", "LibMTL"


def weightings(rounds: int, case: Case | None = None, names: Sequence[str] = ()) -> Report:
    """Time every weighting that can be computed here on a pair of tasks and on all tasks.

    Args:
        rounds: Turns that each contender takes.
        case: What to train.
        names: Weightings; all by default.
    """
    case = case or Case(epochs=2)
    workload, tables, raw = Workload(case), [], {}
    for title, n_tasks in (("A pair of tasks", 2), (f"All {case.n_tasks} tasks", case.n_tasks)):
        contenders = _contenders(workload, n_tasks, names or list(WEIGHTING_FACTS))
        take_turns(list(contenders.values()), rounds)
        tables.append(_table(title, contenders))
        raw[title] = {
            f"{what}, {name}": {"runs": c.n_runs, "cpu_seconds": c.cpu_seconds}
            for (what, name), c in contenders.items()
        }
    return Report("weightings", "Cost of weightings", _text(case, rounds), tables, machine_facts(), raw)


def _contenders(workload: Workload, n_tasks: int, names: Sequence[str]) -> dict[tuple[str, str], Contender]:
    """By what computes and the weighting."""
    (x, y), found = workload.row_major("train", n_tasks), {}
    for name in ("equal", *(name for name in names if name != "equal")):
        if all(find_spec(package) for package in WEIGHTING_FACTS[name].packages):
            for what, n_runs in ((_ALONE, 1), (_COHORT, COHORT)):
                if n_runs > 1 and name in _SOLVER_BOUND:
                    continue
                runs = [replace(run, weighting=_text_of(name)) for run in _runs(workload, n_runs, n_tasks)]
                found[what, name] = Contender(name, partial(workload.train, runs), n_runs)
        if torchjd_loop.why_not() is None and (name == "equal" or name in torchjd_loop.AGGREGATORS):
            loop = (
                partial(plain_loop, workload.case, x, y)
                if name == "equal"
                else partial(torchjd_loop.torchjd_loop, workload.case, x, y, name)
            )
            found[_TORCHJD, name] = Contender(name, loop)
        if libmtl.why_not() is None and name in libmtl.WEIGHTINGS:
            found[_LIBMTL, name] = Contender(name, partial(libmtl.weighting_loop, workload.case, x, y, name))
    return found


def _text_of(name: str) -> str:
    return 'static {"weights": {"task_0": 2.0}}' if name == "static" else name


def _runs(workload: Workload, n_runs: int, n_tasks: int) -> list[RunSpec]:
    """Runs of one number of tasks, each with a seed of its own."""
    (first,) = workload.runs(1, n_tasks)
    runs = [replace(first, seed=seed) for seed in range(n_runs)]
    for run in runs:
        workload.rows(run.seed)
    return runs


def _table(title: str, contenders: Mapping[tuple[str, str], Contender]) -> Table:
    whats = (_ALONE, _COHORT, _TORCHJD, _LIBMTL)
    there = [what for what in whats if any(key[0] == what for key in contenders)]
    columns = ["", *(f"{what}, {unit}" for what in there for unit in ("× equal", "ms a run"))]
    rows = [
        [name, *(cell for what in there for cell in _cells(contenders, what, name))]
        for name in dict.fromkeys(name for _, name in contenders)
    ]
    return Table(title, columns, rows)


def _cells(contenders: Mapping[tuple[str, str], Contender], what: str, name: str) -> tuple[Any, Any]:
    """How many times the cost of equal weights there, and milliseconds a run."""
    one, equal = contenders.get((what, name)), contenders[what, "equal"]
    if one is None:
        return "", ""
    times = 1.0 / one.times_faster_than(equal)
    return (times if math.isfinite(times) else ""), one.cpu_ms_a_run


def _text(case: Case, rounds: int) -> list[str]:
    text = [
        f"{case.n_rows:,} training rows of {case.n_features} features, regression tasks, an encoder of "
        f"{' × '.join(map(str, case.widths))} that all tasks share, batches of {case.batch_size}, {case.epochs} "
        f"epochs: {case.n_steps} steps a run. Processor time of one thread, medians of {rounds} turns that the "
        "contenders took one after the other; `× equal` is relative to equal weights in the same library: the "
        "median of the ratios within a turn.",
        f"A cohort has {COHORT} runs with seeds of their own; cagrad and nash_mtl, whose solver is called for one "
        "run after another and takes nearly all the time, were not timed there. TorchJD is the plain PyTorch loop with its `mtl_backward`, `jac_to_grad` and "
        "aggregator; its `equal` is that loop with the sum of losses. LibMTL (1.1.5) reads batches made "
        "beforehand and tests nothing. taskgroup's times include scoring on validation and test rows.",
    ]
    reasons = [reason for reason in (torchjd_loop.why_not(), libmtl.why_not()) if reason is not None]
    return [*text, *(f"{reason}, so that it is left out here." for reason in reasons)]
