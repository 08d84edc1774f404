"""A run in cohorts against plain PyTorch loops and LibMTL: processor time for the same job."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import partial
from statistics import median

from benchmarks import libmtl
from benchmarks.case import Case, Workload
from benchmarks.machine import large_product_rates, machine_facts
from benchmarks.plain import Trained, best_plain_loop, plain_loop
from benchmarks.report import Report, Table
from benchmarks.timing import Contender, take_turns

COHORTS = (1, 8, 16, 32, 64)
_POOL = 200  # runs that taskgroup may pack as it likes
_LOSS_TOLERANCE = 0.05


def engine(rounds: int, case: Case | None = None, cohorts: Sequence[int] = COHORTS) -> Report:
    """Time every contender on a pair of tasks and on all tasks.

    Args:
        rounds: Turns that each contender takes.
        case: What to train.
        cohorts: Runs at once.

    Raises:
        ValueError: If a contender takes another number of steps or ends at another training loss.
    """
    case = case or Case()
    workloads = {precision: Workload(case, precision) for precision in ("float32", "bfloat16")}
    rates: list[dict[str, float]] = []
    watch = Contender("rates", lambda: rates.append(large_product_rates()))
    tables, raw = [], {}
    for title, n_tasks in (("A pair of tasks", 2), (f"All {case.n_tasks} tasks", case.n_tasks)):
        losses = _training_losses(workloads, n_tasks)
        contenders = _contenders(workloads, n_tasks, cohorts)
        take_turns([watch, *contenders], rounds)
        tables.append(_table(title, contenders))
        tables.append(_loss_table(title, losses))
        raw[title] = {
            c.name: {"runs": c.n_runs, "cpu_seconds": c.cpu_seconds, "wall_seconds": c.wall_seconds}
            for c in contenders
        } | {"training_losses": losses}
    facts = machine_facts()
    for library in ("torch", "NumPy"):
        rate = median(r[library] for r in rates)
        facts[f"large float32 product, {library}"] = f"{rate:.0f} GFLOP/s on one thread"
    return Report("engine", "Time a run", _text(case, rounds), tables, facts, raw)


def _contenders(workloads: dict[str, Workload], n_tasks: int, cohorts: Sequence[int]) -> list[Contender]:
    workload = workloads["float32"]
    case, (x, y), (x_test, y_test) = (
        workload.case,
        *(workload.row_major(s, n_tasks) for s in ("train", "test")),
    )
    contenders = [
        Contender("plain loop, one head a task", partial(plain_loop, case, x, y)),
        Contender("plain loop, fused head and AdamW, pre-batched", partial(best_plain_loop, case, x, y)),
    ]
    if libmtl.why_not() is None:
        contenders += [
            Contender(
                "LibMTL, its usual loader, test each epoch",
                partial(libmtl.usual_loop, case, x, y, x_test, y_test),
            ),
            Contender("LibMTL, pre-batched, no test", partial(libmtl.prebatched_loop, case, x, y)),
        ]
    for precision, of_precision in workloads.items():
        own = len(of_precision.own_packing(of_precision.runs(_POOL, n_tasks))[0])
        for n_runs in (*cohorts, own):
            runs = of_precision.runs(n_runs, n_tasks)
            label = f"taskgroup, {n_runs} at once, {precision}"
            label += " (its own choice)" if n_runs == own else ""
            if all(c.name != label for c in contenders):
                contenders.append(Contender(label, partial(of_precision.train, runs), n_runs))
    return contenders


def _training_losses(workloads: dict[str, Workload], n_tasks: int) -> dict[str, float]:
    """Final training loss of every contender; raises where the job was not the same."""
    workload = workloads["float32"]
    case, (x, y), (x_test, y_test) = (
        workload.case,
        *(workload.row_major(s, n_tasks) for s in ("train", "test")),
    )
    loops: dict[str, Trained] = {
        "plain loop": plain_loop(case, x, y),
        "best plain loop": best_plain_loop(case, x, y),
    }
    if libmtl.why_not() is None:
        loops["LibMTL"] = libmtl.usual_loop(case, x, y, x_test, y_test)
        loops["LibMTL, pre-batched"] = libmtl.prebatched_loop(case, x, y)
    for name, trained in loops.items():
        if trained.n_steps != case.n_steps:
            raise ValueError(f"{name} took {trained.n_steps} steps, not {case.n_steps}")
    losses = {name: trained.loss(x, y) for name, trained in loops.items()}
    for precision, of_precision in workloads.items():
        losses[f"taskgroup, {precision}"] = of_precision.training_loss(of_precision.runs(1, n_tasks))
    worst = max(losses.values()) / min(losses.values()) - 1.0
    if not math.isfinite(worst) or worst > _LOSS_TOLERANCE:
        raise ValueError(f"the final training losses differ by {worst:.1%}: {losses}")
    return losses


def _table(title: str, contenders: Sequence[Contender]) -> Table:
    plain, best = contenders[:2]
    rows = [
        (c.name, c.cpu_ms_a_run, c.wall_ms_a_run, c.times_faster_than(plain), c.times_faster_than(best))
        for c in contenders
    ]
    columns = ("", "CPU ms a run", "wall ms a run", "× plain loop", "× best plain loop")
    return Table(title, columns, rows)


def _loss_table(title: str, losses: dict[str, float]) -> Table:
    return Table(f"{title}: training loss in the end", ("", "mean squared error"), list(losses.items()))


def _text(case: Case, rounds: int) -> list[str]:
    text = [
        f"{case.n_rows:,} training rows of {case.n_features} features, regression tasks, an encoder of "
        f"{' × '.join(map(str, case.widths))}, Adam(W), batches of {case.batch_size}, {case.epochs} epochs: "
        f"{case.n_steps} steps a run. One process, one thread; medians of {rounds} turns that the contenders "
        "took one after the other. Ratios are medians of the ratios within a turn, of processor time.",
        "Data are loaded and standardised beforehand for all. taskgroup's time includes scoring every run on "
        f"{case.n_rows // 4:,} validation and {case.n_rows // 4:,} test rows in the end; of the others, only "
        "LibMTL's usual loop tests at all.",
        "All contenders were checked to take the same number of steps and to end within "
        f"{_LOSS_TOLERANCE:.0%} of each other's training loss.",
    ]
    reason = libmtl.why_not()
    return text if reason is None else [*text, f"{reason}, so that it is left out here."]
