"""What strategies are replayed on: measured tables, published ones, simulators; and the budgets of each."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd

from benchmarks.strategies.simulators import WORLDS, simulated_table
from taskgroup.search import read_measured
from taskgroup.search.replay import MeasuredTable

Part = Literal["design", "left-out", "large"]
Scoring = Literal["self", "held out"]
SCORINGS: tuple[Scoring, ...] = ("self", "held out")
NETWORKS = (2, 3, 4)
MEASURED_FOLDER = Path("reports/tables")

_MEASURED: dict[str, tuple[Part, int]] = {
    "emotions": ("design", 6),
    "sarcos": ("design", 7),
    "tox21_a": ("design", 7),
    "wq_a": ("design", 7),
    "digits_fifth": ("design", 7),
    "cifar": ("left-out", 7),
    "digits_full": ("left-out", 7),
    "landmine": ("left-out", 7),
    "text": ("left-out", 6),
    "tox21_b": ("left-out", 8),
    "wq_b": ("left-out", 7),
}
_PUBLISHED: dict[str, tuple[Part, int]] = {
    "standley2020_setting1": ("design", 5),
    "standley2020_setting2": ("left-out", 5),
}
SIMULATED_TASKS = (6, 20, 27, 40)
_LARGE_NETWORKS = {20: (2, 3, 4), 27: (2, 3, 4), 40: (4,)}  # 40 tasks take minutes a replay
_LARGEST_COMPLETE = 8


@dataclass(frozen=True)
class Case:
    """A table to replay on.

    Attributes:
        name: As on the command line.
        part: `design` tables were looked at while the tool was built, `left-out` ones were not; `large` ones
            are simulated with candidates in place of all subsets.
        n_tasks: How many tasks.
        folder: Of its file; None for a simulator.
    """

    name: str
    part: Part
    n_tasks: int
    folder: Path | None = None

    @property
    def is_large(self) -> bool:
        """Whether candidates stand in place of all subsets."""
        return self.n_tasks > _LARGEST_COMPLETE

    @property
    def scorings(self) -> tuple[Scoring, ...]:
        """Large ones are replayed with noise only."""
        return ("held out",) if self.is_large else SCORINGS

    @property
    def networks(self) -> tuple[int, ...]:
        """The limits on networks to replay with."""
        return _LARGE_NETWORKS[self.n_tasks] if self.is_large else NETWORKS

    def table(self, scoring: Scoring, seed: int) -> MeasuredTable:
        """The table of one replay: measured ones in a task order of its own, simulated ones drawn anew."""
        if self.folder is None:
            world = self.name.rsplit("_", 1)[0].removeprefix("sim_")
            return simulated_table(world, self.n_tasks, seed=seed, noisy=scoring == "held out")
        table = _measured(self.folder / f"{self.name}.csv", scoring)
        order = np.random.default_rng([seed, 2]).permutation(len(table.tasks))
        return _reordered(table, order)

    def repeats(self, scoring: Scoring) -> int:
        """Rows of a subset that are revealed together; the published tables have one."""
        return 2 if scoring == "held out" and self.name not in _PUBLISHED else 1


@dataclass(frozen=True)
class Budgets:
    """Numbers of distinct subsets at which strategies are compared, by name.

    Single tasks and all-in-one come first in every replay, so that n(n-1)/2 + n subsets leave one pair
    unmeasured: `all pairs` is one more.
    """

    of: dict[str, int]

    @classmethod
    def of_case(cls, case: Case) -> Budgets:
        """Budgets that grow with the number of pairs; the first is the baselines alone."""
        n = case.n_tasks
        pairs = n * (n - 1) // 2 + n
        later = (
            {"1/5": pairs // 5, "2/5": 2 * pairs // 5, "pairs": pairs, "all pairs": pairs + 1}
            if case.is_large
            else {"pairs": pairs, "all pairs": pairs + 1, "twice": 2 * pairs}
        )
        return cls({"first": n + 1, **later})

    @property
    def main(self) -> str:
        """The budget of calibration and of the summary."""
        return "2/5" if "2/5" in self.of else "pairs"

    def last(self, strategy: str) -> int:
        """Where a replay ends: `active` is not replayed past 2/5 on large tables."""
        return self.of["2/5"] if strategy == "active" and "2/5" in self.of else max(self.of.values())


def all_cases(published: Path | None) -> list[Case]:
    """Every case, those of a published folder included where it is given."""
    measured = [Case(name, part, n, MEASURED_FOLDER) for name, (part, n) in _MEASURED.items()]
    extra = [Case(name, part, n, published) for name, (part, n) in _PUBLISHED.items() if published]
    return [*measured, *extra, *simulated_cases()]


def simulated_cases() -> list[Case]:
    """Every world at every size."""
    return [
        Case(f"sim_{world}_{n}", "design" if n <= _LARGEST_COMPLETE else "large", n)
        for n in SIMULATED_TASKS
        for world in WORLDS
    ]


def known_cases(names: Iterable[str]) -> dict[str, Case]:
    """The cases of these names, for reading results; published ones without their folder."""
    known = {case.name: case for case in all_cases(Path())}
    return {name: known[name] for name in dict.fromkeys(names) if name in known}


@lru_cache(maxsize=4)
def _measured(path: Path, scoring: Scoring) -> MeasuredTable:
    frame = pd.read_csv(path)
    loss = "val_loss_" if any(name.startswith("val_loss_") for name in frame.columns) else ""
    select = f"{loss or 'val_'}{{task}}"
    report = select if scoring == "self" else select.replace("val", "test", 1)
    if "seed" in frame.columns:
        frame = frame.drop(columns="seed")
    if scoring == "self" and not loss:
        frame = frame.groupby("subset", sort=False).mean().reset_index()
    direction: Literal["minimize", "maximize"] = "minimize" if loss else "maximize"
    return read_measured(frame, select=select, report=report, direction=direction)[0]


def _reordered(table: MeasuredTable, order: np.ndarray) -> MeasuredTable:
    """The same table with its tasks in another order, so that no strategy gains by the order in a file."""
    tasks = tuple(table.tasks[i] for i in order)
    place = {task: i for i, task in enumerate(tasks)}
    new = {subset: tuple(sorted(subset, key=place.__getitem__)) for subset in table.select}
    return MeasuredTable(
        tasks=tasks,
        select={new[subset]: rows for subset, rows in table.select.items()},
        report={new[subset]: worth for subset, worth in table.report.items()},
        sign=table.sign,
    )
