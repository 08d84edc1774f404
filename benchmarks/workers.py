"""What a second worker brings: whole searches with one worker and with two, in turns.

Beside the wall times, which a busy machine spoils, stands what the batches allow: every cohort of a search with
one worker is timed in processor time, and laid out on two workers as the executor would.
"""

from __future__ import annotations

import heapq
import os
import statistics
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from unittest import mock

import taskgroup as tg
from benchmarks.machine import machine_facts
from benchmarks.report import Report, Table
from benchmarks.timing import Contender, take_turns
from taskgroup.executors import InlineExecutor
from taskgroup.spec import RunResult, RunSpec, Study, parse_study

WORKERS = (1, 2)


@dataclass
class Batches:
    """Processor time of one search.

    Attributes:
        cohorts: Seconds of every cohort, a list for each batch.
        seconds: Of the whole search.
    """

    cohorts: list[list[float]] = field(default_factory=list)
    seconds: float = 0.0

    def with_workers(self, n: int) -> float:
        """Seconds of the search where `n` workers train on free cores, each taking the next cohort when done."""
        training = sum(sum(batch) for batch in self.cohorts)
        return self.seconds - training + sum(_makespan(batch, n) for batch in self.cohorts)

    @property
    def training_share(self) -> float:
        """Of the search's time."""
        return sum(sum(batch) for batch in self.cohorts) / self.seconds

    @property
    def lone_share(self) -> float:
        """Of the training time, what is spent on batches of one cohort."""
        lone = sum(batch[0] for batch in self.cohorts if len(batch) == 1)
        return lone / sum(sum(batch) for batch in self.cohorts)


def workers(rounds: int, studies: Mapping[str, Study] | None = None) -> Report:
    """Time searches from the start of the workers to the recommendation.

    Args:
        rounds: Turns that each number of workers takes, after one that does not count.
        studies: What to search; by default digits with larger networks, and convolutions.
    """
    measured, allowed, raw = [], [], {}
    for name, study in (studies or _studies()).items():
        batches = timed_batches(study)
        contenders = [Contender(str(n), _searching(study, n)) for n in WORKERS]
        take_turns(contenders, rounds)
        measured.append((name, *_medians(contenders), os.getloadavg()[0]))
        ratio = batches.seconds / batches.with_workers(2)
        allowed.append((name, batches.seconds, batches.training_share, batches.lone_share, ratio))
        raw[name] = {c.name: c.wall_seconds for c in contenders} | {"cohorts": batches.cohorts}
    tables = [
        Table(
            "Wall time of a search", ("", "s, one worker", "s, two", "times faster", "load average"), measured
        ),
        Table(
            "What the batches allow, by processor time",
            (
                "",
                "s, one worker",
                "share of training",
                "share of lone cohorts in it",
                "times faster on free cores",
            ),
            allowed,
        ),
    ]
    return Report("workers", "Two workers against one", _text(rounds), tables, machine_facts(), raw)


def timed_batches(study: Study) -> Batches:
    """Search once with one worker, and note the processor time of every cohort."""
    batches, train = Batches(), InlineExecutor.train

    def timed(self: InlineExecutor, cohorts: Sequence[Sequence[RunSpec]]) -> Iterator[list[RunResult]]:
        batch: list[float] = []
        if cohorts:
            batches.cohorts.append(batch)
        for cohort in cohorts:
            started = time.process_time()
            (results,) = train(self, [cohort])
            batch.append(time.process_time() - started)
            yield results

    with mock.patch.object(InlineExecutor, "train", timed):
        started = time.process_time()
        tg.search(study)
        batches.seconds = time.process_time() - started
    return batches


def _makespan(seconds: Sequence[float], n_workers: int) -> float:
    """When the last worker is done if each takes the next job as soon as it is free."""
    free_at = [0.0] * n_workers
    for duration in seconds:
        heapq.heapreplace(free_at, free_at[0] + duration)
    return max(free_at)


def _medians(contenders: Sequence[Contender]) -> tuple[float, float, float]:
    one, two = contenders
    ratios = [a / b for a, b in zip(one.wall_seconds, two.wall_seconds, strict=True)]
    return one.wall_ms_a_run / 1000, two.wall_ms_a_run / 1000, statistics.median(ratios)


def _searching(study: Study, n_workers: int) -> Callable[[], None]:
    def run() -> None:
        tg.search(study, workers=n_workers)

    return run


def _studies() -> dict[str, Study]:
    digits = tg.load_study("studies/digits.yaml").document()
    digits["model"]["widths"] = [256, 256]
    digits["search"] |= {"runs": 200, "seeds": 3}
    return {
        "digits, widths 256 × 256, 200 runs": parse_study(digits),
        "two_heads (cnn)": tg.load_study("studies/two_heads.yaml"),
    }


def _text(rounds: int) -> list[str]:
    return [
        f"`tg.search` with `workers=1` (in this process) and `workers=2`, medians of {rounds} turns that they took one "
        "after the other; the ratio is the median of the ratios within a turn. All that a search does is included: "
        "starting the workers, proposing, recording, deciding.",
        f"The machine has {os.cpu_count()} cores. Where its load average is above that, others work on it, and two "
        "workers get less than two cores between them.",
        "The second table does not depend on company: a search trains batch by batch, since what it asks for next "
        "depends on what came back. A worker waits at the end of each batch, and through all of one with a single "
        "cohort; cohorts are packed alike for any number of workers, so that results are the same. Proposing and "
        "deciding happen in the main process.",
    ]
