"""The file of results: one line a replay, appended as it ends, so that an interrupted measurement goes on."""

from __future__ import annotations

import csv
import hashlib
import inspect
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.strategies.one_replay import Job, Outcome
from benchmarks.strategies.simulators import Floats
from taskgroup.search import replay_strategy

KEY = ("table", "scoring", "networks", "strategy", "seed")
COLUMNS = (
    *KEY,
    "gap",
    "stopped",
    "curve",
    "predicted",
    "realised",
    "coverage_runs",
    "coverage_values",
    "coverage_differences",
    "cells",
    "seconds",
    "code",
)


class Record:
    """Results in a CSV file.

    Args:
        path: Of the file; it need not exist.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def frame(self) -> pd.DataFrame:
        """All results, curves still as text; of replays that stand twice, the later."""
        if not self.path.exists():
            return pd.DataFrame(columns=list(COLUMNS))
        read = pd.read_csv(self.path, dtype={"curve": str, "code": str})
        return read.drop_duplicates(list(KEY), keep="last", ignore_index=True)

    def keys(self) -> set[tuple[object, ...]]:
        """What was measured already."""
        return set(self.frame()[list(KEY)].itertuples(index=False, name=None))

    def append(self, job: Job, outcome: Outcome, code: str) -> None:
        """Add one replay."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        is_new = not self.path.exists()
        calibration = outcome.calibration
        numbers = (
            outcome.predicted,
            outcome.realised,
            calibration.runs,
            calibration.values,
            calibration.differences,
        )
        row = [
            *job.key,
            _short(outcome.gap),
            outcome.stopped,
            encoded(outcome.curve, outcome.first),
            *map(_short, numbers),
            calibration.n_cells,
            f"{outcome.seconds:.2f}",
            code,
        ]
        with self.path.open("a", newline="", encoding="utf-8") as file:
            writer = csv.writer(file, lineterminator="\n")
            if is_new:
                writer.writerow(COLUMNS)
            writer.writerow(row)

    def drop(self, unwanted: Callable[[tuple[object, ...]], bool]) -> int:
        """Remove the replays whose key is unwanted; how many they were."""
        frame = self.frame()
        gone = np.array([unwanted(key) for key in frame[list(KEY)].itertuples(index=False, name=None)], bool)
        if gone.any():
            frame[~gone].to_csv(self.path, index=False, lineterminator="\n")
        return int(gone.sum())


def encoded(curve: Floats, first: int) -> str:
    """A curve as text: `runs:share` at the first entry, at every change, and at the last entry."""
    shown = [_short(share) for share in curve]
    kept = [i for i, share in enumerate(shown) if i == 0 or i == len(shown) - 1 or share != shown[i - 1]]
    return " ".join(f"{first + i}:{shown[i]}" for i in kept)


def decoded(text: str, runs: Iterable[int]) -> Floats:
    """Shares at some numbers of subsets; NaN outside the curve."""
    points = [point.split(":") for point in text.split()]
    places, shares = np.array([int(p) for p, _ in points]), np.array([float(s) for _, s in points])
    wanted = np.array(list(runs))
    last = np.searchsorted(places, wanted, side="right") - 1
    inside = (last >= 0) & (wanted <= places[-1])
    return np.where(inside, shares[np.maximum(last, 0)], np.nan)


def code_version() -> str:
    """A name for the search code as it stands: results of several versions are told apart by it."""
    folder = Path(inspect.getfile(replay_strategy)).parent
    found = hashlib.sha256()
    for path in sorted(folder.rglob("*.py")):
        found.update(path.read_bytes())
    return found.hexdigest()[:8]


def _short(value: float) -> str:
    return f"{value:.4g}"
