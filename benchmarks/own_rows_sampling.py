"""What each sampling gains over proportional sampling on the landmine data, all tasks in one network."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from benchmarks.report import Table
from taskgroup.data import Dataset, load_dataset
from taskgroup.spec import RunSpec, Sharing, Study, parse_study
from taskgroup.training import Trainer
from taskgroup.transfer import relative_gain

_BESIDE = Path(__file__).resolve().parents[2] / "shared" / "data"
LANDMINE = Path(os.environ.get("TASKGROUP_BENCH_DATA", _BESIDE)) / "landmine.parquet"
SEEDS = range(8)
EPOCHS = 12

OF_ALL: dict[str, Any] = {
    "uniform": "uniform",
    "temperature 5": {"temperature": 5},
    "temperature 5, annealed": {"temperature": 5, "annealed": True},
    "round robin": "round_robin",
    "validation, own best": "validation",
    "validation, own best, strength 4": {"by": "validation", "strength": 4},
    "validation, single tasks": {"by": "validation", "references": "single_task"},
    "validation, single tasks, strength 4": {"by": "validation", "references": "single_task", "strength": 4},
}
OF_ONE: dict[str, Any] = {
    "main, exponential": {},
    "main, sigmoid": {"schedule": "sigmoid"},
    "main, constant": {"schedule": "constant"},
    "main, exponential, similarity 1": {"similarity": 1.0},
}


Errors = dict[str, np.ndarray]
"""`1 - AUC` on the test rows of every task, by seed."""


@dataclass(frozen=True)
class Gains:
    """What was found, as a table, in words and as it was measured."""

    table: Table
    text: str
    raw: dict[str, Any]


def sampling_gains(file: Path, seeds: Sequence[int] = SEEDS, epochs: int = EPOCHS) -> Gains:
    """Train all tasks in one network by every sampling, and each task as the main one.

    Args:
        file: The landmine table.
        seeds: Run seeds.
        epochs: Of every run.
    """
    tasks = tuple(map(str, sorted(pd.read_parquet(file)["task"].unique().tolist())))
    base = _study(file, tasks, epochs, "proportional")
    dataset = load_dataset(base)

    def errors(sampling: Any, subset: tuple[str, ...] = tasks) -> Errors:
        return _errors(_study(file, tasks, epochs, sampling), dataset, subset, seeds)

    proportional = errors("proportional")
    found = {"single tasks": {task: errors("proportional", (task,))[task] for task in tasks}}
    found |= {label: errors(sampling) for label, sampling in OF_ALL.items()}
    for label, options in OF_ONE.items():
        found[label] = {main: errors(_main(main, tasks, options))[main] for main in tasks}
    raw = {
        label: {task: values.tolist() for task, values in of_tasks.items()}
        for label, of_tasks in {"proportional": proportional, **found}.items()
    }
    return Gains(_table(proportional, found), _text(len(seeds), epochs), raw)


def _main(main: str, tasks: Sequence[str], options: Mapping[str, Any]) -> dict[str, Any]:
    if "similarity" not in options:
        return {"main": main, **options}
    others = {task: options["similarity"] for task in tasks if task != main}
    return {"main": main, **options, "similarity": others}


def _errors(study: Study, dataset: Dataset, subset: tuple[str, ...], seeds: Sequence[int]) -> Errors:
    trainer = Trainer(study, dataset)
    runs = [RunSpec(subset, Sharing("hard", 2), "equal", 0.003, 0.01, seed) for seed in seeds]
    results = {r.spec: r for cohort in trainer.pack(runs) for r in trainer.train(cohort)}
    scores = [{s.task: s.value for s in results[run].scores if s.split == "test"} for run in runs]
    return {task: np.array([1.0 - of_seed[task] for of_seed in scores]) for task in subset}


def _table(before: Errors, found: Mapping[str, Errors]) -> Table:
    rows = []
    for label, after in found.items():
        points = np.mean([before[task] - errors for task, errors in after.items()], axis=0)
        gains = np.mean([relative_gain(before[task], errors)[0] for task, errors in after.items()], axis=0)
        rows.append((label, *_with_interval(points, 3, ""), *_with_interval(100.0 * gains, 1, "%")))
    columns = ("sampling", "AUC over proportional", "95% interval", "gain over proportional", "95% interval")
    return Table("Samplings on landmine", columns, rows)


def _with_interval(by_seed: np.ndarray, digits: int, unit: str) -> tuple[str, str]:
    """The mean over seeds and what t says about it."""
    mean, error = by_seed.mean(), by_seed.std(ddof=1) / np.sqrt(len(by_seed))
    half = stats.t.ppf(0.975, len(by_seed) - 1) * error
    low, high = (f"{value:+.{digits}f}{unit}" for value in (mean - half, mean + half))
    return f"{mean:+.{digits}f}{unit}", f"{low} to {high}"


def _text(n_seeds: int, epochs: int) -> str:
    return (
        f"*Samplings on landmine*: all 29 tasks in one network of 64 × 64, untuned, {epochs} epochs, against "
        "proportional sampling at the same seed; means over tasks, test rows. The gain is the share of the "
        "error (1 - AUC) that is taken away; where few positives make single errors noisy, a mean of such "
        "shares is too low by about the square of that noise, and the AUC is the fairer figure. *main* makes "
        f"each task the main one in turn, and counts that task only. Intervals are over {n_seeds} seeds and "
        "not corrected for the number of samplings."
    )


def _study(file: Path, tasks: Sequence[str], epochs: int, sampling: Any) -> Study:
    return parse_study(
        {
            "name": "landmine",
            "data": {"source": str(file.resolve()), "task_column": "task"},
            "tasks": [{"name": name, "target": "y", "kind": "binary"} for name in tasks],
            "model": {"widths": [64, 64]},
            "training": {"epochs": epochs, "sampling": sampling},
        }
    )
