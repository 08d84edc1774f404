"""What a search adds to the training of its runs: storage, proposals, analysis, the rest.

A thread looks at the searching one every few milliseconds and charges the time to the innermost of
taskgroup's files on its stack; whatever library that file has called is thereby its own.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import threading
import time
from functools import cache
from pathlib import Path
from statistics import median
from types import FrameType, TracebackType
from typing import Self

import taskgroup
from benchmarks.machine import machine_facts
from benchmarks.packing import DIGITS
from benchmarks.report import Report, Table
from taskgroup import api
from taskgroup.spec import Study, parse_study

LIMIT = 0.1
_EVERY_SECONDS = 0.002
_ROOT = Path(taskgroup.__file__).parent
_PARTS = {  # the first that a file's path starts with
    "training": ("training", "models", "weighting", "executors"),
    "data": ("data", "loading", "session"),
    "storage": ("storage",),
    "strategy": (
        "search/active",
        "search/surrogate",
        "search/choice",
        "search/pool",
        "search/fixed",
        "search/hoa",
    ),
    "proposals": ("search/space", "search/tune", "search/strategy", "grouping", "affinity"),
    "analysis": ("transfer", "search/analysis", "search/confirm", "search/conclude"),
    "bookkeeping": ("",),
}
_OPTUNA = """
import time, pandas, sklearn.metrics, scipy.stats, sqlalchemy, torch
started = time.perf_counter()
import optuna
study = optuna.create_study(sampler=optuna.samplers.TPESampler())
study.ask({"x": optuna.distributions.FloatDistribution(0.0, 1.0)})
print(time.perf_counter() - started)
"""


class Sampler:
    """Follows where the thread that enters it spends its time, while it is entered."""

    def __init__(self) -> None:
        self.seconds = dict.fromkeys(_PARTS, 0.0)
        self._watched = threading.get_ident()
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._sample, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._done.set()
        self._thread.join()

    def _sample(self) -> None:
        """Charge the time since the last look, which is longer where Python holds on to its lock."""
        last = time.perf_counter()
        while not self._done.wait(_EVERY_SECONDS):
            now = time.perf_counter()
            self.seconds[_innermost(sys._current_frames()[self._watched])] += now - last
            last = now


def search(rounds: int, runs: int = 500) -> Report:
    """Search the digits study and divide its time.

    Args:
        rounds: Searches, each in a database of its own.
        runs: Trainings of each.
    """
    document = {
        **DIGITS,
        "search": {
            "runs": runs,
            "seeds": 5,
            "sharing": {"depth": [1, 2]},
            "weighting": ["equal", "uncertainty"],
        },
        "grouping": {"max_groups": 3},
    }
    study = parse_study(document)
    found = [_search(study) for _ in range(rounds + 1)][1:]  # the first one imports
    shares = {part: median(f[part] for f in found) for part in _PARTS}
    seconds, n_runs = median(f["seconds"] for f in found), found[0]["runs"]
    added = median(1.0 - f["training"] - f["data"] for f in found)
    text = [
        f"A search of {n_runs:.0f} runs over {len(study.tasks)} tasks of scikit-learn's digits, recorded in an "
        f"SQLite file, conclusions included; medians of {rounds} searches of {seconds:.1f} s in a process that has "
        f"imported everything, looked at every {1000 * _EVERY_SECONDS:.0f} ms.",
        f"Everything besides training and data takes {added:.1%} of the wall time, "
        f"{'within' if added <= LIMIT else 'above'} the limit of {LIMIT:.0%}. Importing Optuna takes "
        f"{_optuna_import_seconds():.2f} s more, once.",
    ]
    rows = [
        (part, share * seconds, share) for part, share in sorted(shares.items(), key=lambda item: -item[1])
    ]
    table = Table("Wall time by part", ("", "seconds", "share"), rows)
    return Report("search", "What a search adds to training", text, [table], machine_facts(), found)


def _search(study: Study) -> dict[str, float]:
    """Share of each part, seconds in all, and runs."""
    with tempfile.TemporaryDirectory() as folder, Sampler() as sampler:
        started = time.perf_counter()
        result = api.search(study, storage=f"sqlite:///{Path(folder) / 'record.db'}")
        seconds = time.perf_counter() - started
    charged = sum(sampler.seconds.values())
    shares = {part: of_part / charged for part, of_part in sampler.seconds.items()}
    return {**shares, "seconds": seconds, "runs": float(result.runs["run_id"].nunique())}


def _innermost(frame: FrameType | None) -> str:
    while frame is not None:
        part = _part_of(frame.f_code.co_filename)
        if part is not None:
            return part
        frame = frame.f_back
    return "bookkeeping"


@cache
def _part_of(file: str) -> str | None:
    path = Path(file)
    if not path.is_relative_to(_ROOT):
        return None
    place = path.relative_to(_ROOT).as_posix()
    return next(part for part, starts in _PARTS.items() if place.startswith(starts))


def _optuna_import_seconds() -> float:
    done = subprocess.run([sys.executable, "-c", _OPTUNA], capture_output=True, text=True, check=True)
    return float(done.stdout)
