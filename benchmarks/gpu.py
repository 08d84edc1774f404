"""Runs a second on a CUDA device: cohorts of several sizes against plain loops on the same device."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import torch

from benchmarks.case import Case, Workload
from benchmarks.machine import machine_facts
from benchmarks.plain import best_plain_loop, plain_loop
from benchmarks.report import Report, Table
from benchmarks.timing import Contender, take_turns
from taskgroup.data import dataset_from_table
from taskgroup.spec import RunSpec
from taskgroup.training import Trainer

COHORTS = (1, 8, 32, 128, 512)
_N_TASKS = 2


def gpu(
    rounds: int,
    case: Case | None = None,
    cohorts: Sequence[int] = COHORTS,
    device: str | None = None,
) -> Report | None:
    """Time a pair of tasks in cohorts and in plain loops.

    Args:
        rounds: Turns that each contender takes.
        case: What to train.
        cohorts: Runs at once.
        device: Where; the CUDA device by default.

    Returns:
        What was measured, or None where torch sees no CUDA device.
    """
    if device is None and not torch.cuda.is_available():
        return None
    case, device = case or Case(), device or "cuda"
    contenders = _contenders(case, cohorts, device)
    take_turns(contenders, rounds)
    plain, best = contenders[:2]
    rows = [
        (
            c.name,
            1000 / c.wall_ms_a_run,
            plain.wall_ms_a_run / c.wall_ms_a_run,
            best.wall_ms_a_run / c.wall_ms_a_run,
        )
        for c in contenders
    ]
    table = Table("A pair of tasks", ("", "runs a second", "× plain loop", "× best plain loop"), rows)
    raw = {c.name: {"runs": c.n_runs, "wall_seconds": c.wall_seconds} for c in contenders}
    return Report("gpu", "Runs a second on a CUDA device", _text(case, rounds), [table], _facts(device), raw)


def _contenders(case: Case, cohorts: Sequence[int], device: str) -> list[Contender]:
    workload, study = Workload(case), case.study()
    x, y = (rows.to(device) for rows in workload.row_major("train", _N_TASKS))
    trainer = Trainer(study, dataset_from_table(case.table(), study), device=device)
    contenders = [
        Contender("plain loop, one head a task", _to_the_end(partial(plain_loop, case, x, y), device)),
        Contender(
            "plain loop, fused head and AdamW", _to_the_end(partial(best_plain_loop, case, x, y), device)
        ),
    ]
    for n_runs in cohorts:
        runs = workload.runs(n_runs, _N_TASKS)
        contenders.append(Contender(f"taskgroup, {n_runs} at once", partial(trainer.train, runs), n_runs))
    runs = workload.runs(max(cohorts), _N_TASKS)
    largest = max(len(cohort) for cohort in trainer.pack(runs))
    train = partial(_train_packed, trainer, runs)
    contenders.append(Contender(f"taskgroup, packed by itself (up to {largest} at once)", train, len(runs)))
    return contenders


def _to_the_end(train: Callable[[], object], device: str) -> Callable[[], None]:
    """A device works on after a plain loop has returned; taskgroup waits for its scores anyway."""

    def run() -> None:
        train()
        if device != "cpu":
            torch.cuda.synchronize()

    return run


def _train_packed(trainer: Trainer, runs: Sequence[RunSpec]) -> None:
    for cohort in trainer.pack(runs):
        trainer.train(cohort)


def _text(case: Case, rounds: int) -> list[str]:
    return [
        f"{case.n_rows:,} training rows of {case.n_features} features, two regression tasks, an encoder of "
        f"{' × '.join(map(str, case.widths))}, AdamW, batches of {case.batch_size}, {case.epochs} epochs: "
        f"{case.n_steps} steps a run. Wall time, one process; medians of {rounds} turns that the contenders took one "
        "after the other, after one turn each that does not count. All rows lie on the device beforehand for the "
        "loops; taskgroup's time includes scoring every run on validation and test rows."
    ]


def _facts(device: str) -> dict[str, object]:
    facts = machine_facts()
    if device != "cpu":
        facts["device"] = torch.cuda.get_device_name()
        facts["CUDA"] = torch.version.cuda
    return facts
