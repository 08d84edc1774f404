"""SIGKILL worker processes at random moments of a search, and compare with a search that was left alone.

Run from the repository root: `python -m benchmarks.kill_workers [-n KILLS] [-o FILE.md]`.

Checked: every run is recorded, none twice, the recommendation is the same. What a killed worker was at is
trained again; how often that happened is told by the deaths.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import random
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest import mock

import taskgroup as tg
from taskgroup.executors import ProcessExecutor
from taskgroup.spec import RunResult, Study, parse_study
from taskgroup.storage import SqlRecord

STUDY = "studies/digits.yaml"
WIDTHS, RUNS, WORKERS = [256, 256], 200, 2


@dataclass
class Watched:
    """One search and what was seen of it.

    Attributes:
        result: What it returned.
        seconds: Wall time.
        recorded: The results that were written to the record, by the run's key.
        kills: Workers killed.
    """

    result: tg.SearchResult
    seconds: float
    recorded: Mapping[str, list[RunResult]]
    kills: int


@dataclass
class Killer(threading.Thread):
    """Ends a random worker again and again.

    Attributes:
        rng: Chooses workers and moments.
        kills_left: How many are still to end.
        mean_gap_seconds: Mean time between two.
    """

    rng: random.Random
    kills_left: int
    mean_gap_seconds: float
    executors: list[ProcessExecutor] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__(daemon=True)
        self.search_ended = threading.Event()

    __hash__ = threading.Thread.__hash__

    def run(self) -> None:
        """Kill until none is left to kill, or the search has ended."""
        while self.kills_left and not self.search_ended.wait(self._gap()):
            pids = [pid for executor in self.executors for pid in executor.pids]
            if not pids:
                continue
            with contextlib.suppress(ProcessLookupError):  # it has just ended by itself
                os.kill(self.rng.choice(pids), signal.SIGKILL)
                self.kills_left -= 1

    def _gap(self) -> float:
        return self.rng.uniform(0, 2 * self.mean_gap_seconds)


def search(study: Study, storage: str, killer: Killer | None = None) -> Watched:
    """Search with two workers, watched and perhaps disturbed.

    Args:
        study: What to search.
        storage: URL of the record.
        killer: Ends workers meanwhile.
    """
    recorded: dict[str, list[RunResult]] = {}
    commit, start = SqlRecord.add_results, ProcessExecutor.__init__

    def add_results(
        self: SqlRecord, study_id: int, context: str, stage: str, results: list[RunResult]
    ) -> None:
        for result in results:
            recorded.setdefault(result.spec.key(context), []).append(result)
        commit(self, study_id, context, stage, results)

    def note(self: ProcessExecutor, *arguments: Any, **settings: Any) -> None:
        start(self, *arguments, **settings)
        if killer is not None:
            killer.executors.append(self)

    wanted = killer.kills_left if killer is not None else 0
    with (
        mock.patch.object(SqlRecord, "add_results", add_results),
        mock.patch.object(ProcessExecutor, "__init__", note),
    ):
        if killer is not None:
            killer.start()
        started = time.monotonic()
        result = tg.search(study, storage=storage, workers=WORKERS)
        seconds = time.monotonic() - started
    if killer is None:
        return Watched(result, seconds, recorded, 0)
    killer.search_ended.set()
    killer.join()
    return Watched(result, seconds, recorded, wanted - killer.kills_left)


def main() -> int:
    """Run the test and write what was seen."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("-n", "--kills", type=int, default=20)
    parser.add_argument("-o", "--output", type=Path, default=Path("reports/kill_workers.md"))
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    study = larger_digits()
    with tempfile.TemporaryDirectory() as folder:
        alone = search(study, f"sqlite:///{folder}/alone.db")
        killer = Killer(random.Random(options.seed), options.kills, 0.4 * alone.seconds / options.kills)
        killed = search(study, f"sqlite:///{folder}/killed.db", killer)
    report = page(alone, killed, options.kills)
    options.output.parent.mkdir(parents=True, exist_ok=True)
    options.output.write_text(report)
    print(report)
    return 0 if is_same(alone, killed) and killed.kills == options.kills else 1


def larger_digits() -> Study:
    """The digits study with networks large enough that workers are mostly at work."""
    document = tg.load_study(STUDY).document()
    document["model"]["widths"] = WIDTHS
    document["data"]["split"]["train_fraction"] = 0.5
    document["search"] |= {"runs": RUNS, "seeds": 3}
    return parse_study(document)


def is_same(alone: Watched, killed: Watched) -> bool:
    """Whether the disturbed search recorded the same runs, each once, and recommends the same."""
    found, expected = (watched.result.recommendation.document() for watched in (killed, alone))
    once = all(len(results) == 1 for results in killed.recorded.values())
    return (
        once and killed.recorded.keys() == alone.recorded.keys() and found["networks"] == expected["networks"]
    )


def largest_difference(alone: Watched, killed: Watched) -> float:
    """Between the scores of the same runs."""
    return max(
        abs(one.value - other.value)
        for key, (result, *_) in killed.recorded.items()
        if key in alone.recorded
        for one, other in zip(result.scores, alone.recorded[key][0].scores, strict=True)
    )


def page(alone: Watched, killed: Watched, n_kills: int) -> str:
    """What was seen, in Markdown."""
    lost = len(alone.recorded.keys() - killed.recorded.keys())
    twice = sum(len(results) > 1 for results in killed.recorded.values())
    failed = sum(not result.ok for results in killed.recorded.values() for result in results)
    return f"""# Killing workers

`python -m benchmarks.kill_workers -n {n_kills}`: a search of {len(alone.recorded)} runs ({STUDY} with widths
{WIDTHS} and half of the training rows) with {WORKERS} workers, of which one, chosen at random, received SIGKILL at random
moments. Load average of the machine: {os.getloadavg()[0]:.1f}.

| | |
|---|---|
| workers killed | {killed.kills} |
| seconds, left alone and with the kills | {alone.seconds:.0f}, {killed.seconds:.0f} |
| runs missing in the record | {lost} |
| runs failed | {failed} |
| runs recorded twice | {twice} |
| largest difference between scores of the same run | {largest_difference(alone, killed):.2g} |
| same networks recommended | {"yes" if is_same(alone, killed) else "NO"} |

A cohort that was hit is trained again in the same company, with the same results to the last bit.
"""


if __name__ == "__main__":
    sys.exit(main())
