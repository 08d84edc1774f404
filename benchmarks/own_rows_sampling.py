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
    names = sorted(pd.read_parquet(file)["task"].unique().tolist())
    tasks = tuple(map(str, names))
    base = _study(file, tasks, epochs, "proportional")
    dataset = load_dataset(base)
    proportional = _errors(base, dataset, tasks, seeds)
    rows = {
        "single tasks": np.mean([_gain(proportional, _errors(base, dataset, (t,), seeds)) for t in tasks], 0)
    }
    for label, sampling in OF_ALL.items():
        study = _study(file, tasks, epochs, sampling)
        rows[label] = _gain(proportional, _errors(study, dataset, tasks, seeds))
    for label, options in OF_ONE.items():
        gains = []
        for main in tasks:
            study = _study(file, tasks, epochs, _main(main, tasks, options))
            errors = _errors(study, dataset, tasks, seeds)
            gains.append(_gain(proportional, {main: errors[main]}))
        rows[label] = np.mean(gains, axis=0)
    return Gains(_table(rows), _text(len(seeds), epochs), {label: by.tolist() for label, by in rows.items()})


def _main(main: str, tasks: Sequence[str], options: Mapping[str, Any]) -> dict[str, Any]:
    if "similarity" not in options:
        return {"main": main, **options}
    others = {task: options["similarity"] for task in tasks if task != main}
    return {"main": main, **options, "similarity": others}


def _errors(
    study: Study, dataset: Dataset, subset: tuple[str, ...], seeds: Sequence[int]
) -> dict[str, np.ndarray]:
    """`1 - AUC` on the test rows of every task of a network, by seed."""
    trainer = Trainer(study, dataset)
    runs = [RunSpec(subset, Sharing("hard", 2), "equal", 0.003, 0.01, seed) for seed in seeds]
    results = {r.spec: r for cohort in trainer.pack(runs) for r in trainer.train(cohort)}
    scores = [{s.task: s.value for s in results[run].scores if s.split == "test"} for run in runs]
    return {task: np.array([1.0 - of_seed[task] for of_seed in scores]) for task in subset}


def _gain(before: Mapping[str, np.ndarray], after: Mapping[str, np.ndarray]) -> np.ndarray:
    """The mean gain over the tasks of `after`, by seed."""
    gains = [relative_gain(before[task], errors)[0] for task, errors in after.items()]
    return np.mean(gains, axis=0)


def _table(rows: Mapping[str, np.ndarray]) -> Table:
    cells = []
    for label, gains in rows.items():
        half = stats.t.ppf(0.975, len(gains) - 1) * gains.std(ddof=1) / np.sqrt(len(gains))
        mean = gains.mean()
        cells.append(
            (label, f"{100 * mean:+.1f}%", f"{100 * (mean - half):+.1f}% to {100 * (mean + half):+.1f}%")
        )
    columns = ("sampling", "mean gain over proportional", "95% interval")
    return Table("Samplings on landmine", columns, cells)


def _text(n_seeds: int, epochs: int) -> str:
    return (
        f"*Samplings on landmine*: all 29 tasks in one network of 64 × 64, untuned, {epochs} epochs. The gain is "
        "the share of the error (1 - AUC, test rows) that a sampling takes away from proportional sampling at "
        "the same seed, the mean over tasks; *main* makes each task the main one in turn, and counts that task "
        f"only. Intervals are over {n_seeds} seeds, whose test rows differ, and not corrected for the number of "
        "samplings."
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
