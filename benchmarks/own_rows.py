"""Tasks with rows of their own: against reading all rows, masked; and what each sampling gains."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.machine import machine_facts
from benchmarks.own_rows_sampling import LANDMINE, sampling_gains
from benchmarks.report import Report, Table
from benchmarks.timing import Contender, take_turns
from taskgroup.data import dataset_from_table, planted_groups
from taskgroup.spec import RunSpec, Sharing, Study, parse_study
from taskgroup.training import Trainer

N_TASKS, ROWS_A_TASK, N_FEATURES, EPOCHS = 29, 510, 9, 5  # the sizes of the landmine data
_N_RUNS = 58


def own_rows(
    rounds: int, n_tasks: int = N_TASKS, rows_a_task: int = ROWS_A_TASK, landmine: Path | None = LANDMINE
) -> Report:
    """Time single tasks, pairs and all-in-one both ways; compare samplings where landmine is at hand.

    Args:
        rounds: Turns that each contender takes.
        n_tasks: Tasks.
        rows_a_task: Rows of each.
        landmine: The table to compare samplings on; None for none.
    """
    names = [f"t{i}" for i in range(n_tasks)]
    table = long_table(names, rows_a_task)
    studies = {"own rows": _study(names, own=True), "all rows, masked": _study(names, own=False)}
    trainers = {
        label: Trainer(study, dataset_from_table(table if study.data.own_rows else masked(table), study))
        for label, study in studies.items()
    }
    rows, raw = [], {}
    for what, subsets in _subsets(names).items():
        runs = [RunSpec(s, Sharing("hard", 2), "equal", 0.003, 0.01, seed=0) for s in subsets]
        by_way = {
            label: Contender(label, partial(_train, trainer, runs), len(runs))
            for label, trainer in trainers.items()
        }
        take_turns(list(by_way.values()), rounds)
        own, whole = by_way["own rows"], by_way["all rows, masked"]
        rows.append((what, len(runs), own.cpu_ms_a_run, whole.cpu_ms_a_run, own.times_faster_than(whole)))
        raw[what] = {label: c.cpu_seconds for label, c in by_way.items()}
    columns = ("", "runs", "CPU ms a run, own rows", "CPU ms a run, all rows", "times faster")
    text = [
        f"{n_tasks} binary tasks with {rows_a_task} rows of {N_FEATURES} features each, an encoder of 64 × 64, "
        f"batches of 64, {EPOCHS} epochs, scores on validation and test rows included. *Own rows* names the "
        "column of the task in `data.task_column`; *all rows* gives every task a column that is empty on the "
        "rows of others, so that each network passes over them all."
    ]
    tables = [Table("Time a run", columns, rows)]
    if landmine is not None and landmine.exists():
        gains = sampling_gains(landmine)
        text, raw = [*text, gains.text], {**raw, "sampling": gains.raw}
        tables.append(gains.table)
    return Report("own_rows", "Tasks with rows of their own", text, tables, machine_facts(), raw)


def long_table(names: Sequence[str], rows_a_task: int) -> pd.DataFrame:
    """Features, the task that each row belongs to, and its label."""
    half = len(names) // 2
    wide = planted_groups(
        groups=[names[:half], names[half:]],
        n_rows=len(names) * rows_a_task,
        n_features=N_FEATURES,
        within=1.0,
        kind="binary",
    )
    owner = np.random.default_rng(0).permutation(np.resize(np.arange(len(names)), len(wide)))
    y = wide[list(names)].to_numpy()[np.arange(len(wide)), owner]
    return wide.drop(columns=list(names)).assign(task=np.array(names)[owner], y=y)


def masked(table: pd.DataFrame) -> pd.DataFrame:
    """The same with a column for each task, empty on the rows of others."""
    labels = {name: table["y"].where(table["task"] == name) for name in sorted(set(table["task"]))}
    return table.drop(columns=["task", "y"]).assign(**labels)


def _study(names: Sequence[str], *, own: bool) -> Study:
    target = {"target": "y"} if own else {}
    return parse_study(
        {
            "name": "own_rows",
            "data": {"source": "memory", "task_column": "task" if own else None},
            "tasks": [{"name": name, "kind": "binary", **target} for name in names],
            "model": {"widths": [64, 64]},
            "training": {"epochs": EPOCHS},
        }
    )


def _subsets(names: Sequence[str]) -> dict[str, list[tuple[str, ...]]]:
    return {
        "single tasks": [(name,) for name in names],
        "pairs": list(itertools.islice(itertools.combinations(names, 2), _N_RUNS)),
        "all in one": [tuple(names)],
    }


def _train(trainer: Trainer, runs: Sequence[RunSpec]) -> None:
    for cohort in trainer.pack(runs):
        trainer.train(cohort)
