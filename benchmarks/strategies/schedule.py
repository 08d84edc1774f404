"""Which replays are to be done, how long they will take, and doing them on several processes."""

from __future__ import annotations

import multiprocessing
import sys
import time
import traceback
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass

import numpy as np
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from benchmarks.strategies.cases import Case, simulated_cases
from benchmarks.strategies.one_replay import STRATEGIES, Job, Outcome, replay_once
from benchmarks.strategies.record import Record, code_version

_SIZES = (5, 6, 7, 8, 20, 27, 40)
_SECONDS = {  # processor time of one replay where the reference one takes _REFERENCE_SECONDS, by size
    "active": (0.4, 0.7, 1.7, 6.0, 18.0, 50.0, 330.0),
    "hoa": (0.05, 0.07, 0.15, 0.4, 4.0, 8.0, 17.0),
    "pairs": (0.02, 0.02, 0.03, 0.05, 1.2, 1.8, 4.0),
    "random": (0.05, 0.06, 0.1, 0.2, 2.0, 4.0, 9.5),
    "exhaustive": (0.02, 0.04, 0.1, 0.3, 0.0, 0.0, 0.0),
}
_REFERENCE = Job(simulated_cases()[0], "self", 3, "active", 0)
_REFERENCE_SECONDS = 0.36


@dataclass(frozen=True)
class Plan:
    """Replays to do, those of the same table and seed beside each other."""

    jobs: Sequence[Job]

    def seconds(self, *, pace: float) -> float:
        """Processor seconds that they take on a machine of this pace."""
        return pace * sum(map(expected_seconds, self.jobs))


def planned(
    cases: Iterable[Case], *, seeds: int, large_seeds: int, strategies: Sequence[str], record: Record
) -> Plan:
    """All replays that the record lacks, the first seed of every table before the second.

    Args:
        cases: What to replay on.
        seeds: Replays of each cell.
        large_seeds: The same on large tables.
        strategies: Names.
        record: What was done before.
    """
    done = record.keys()
    jobs = [
        Job(case, scoring, networks, strategy, seed)
        for case in cases
        for scoring in case.scorings
        for networks in case.networks
        for strategy in strategies
        if not (strategy == "exhaustive" and case.is_large)
        for seed in range(large_seeds if case.is_large else seeds)
    ]
    left = [job for job in jobs if job.key not in done]
    return Plan(sorted(left, key=_order))


def _order(job: Job) -> tuple[int, int]:
    """Small tables first, each seed of all of them before the next; then the large ones by size."""
    return (job.case.n_tasks if job.case.is_large else 0, job.seed)


def expected_seconds(job: Job) -> float:
    """Of one replay on the machine that the figures above are from."""
    return float(np.interp(job.case.n_tasks, _SIZES, _SECONDS[job.strategy]))


def measured_pace() -> float:
    """This machine's seconds against those of the figures above."""
    replay_once(_REFERENCE)  # loads what is loaded once
    with threadpool_limits(1):
        return replay_once(_REFERENCE).seconds / _REFERENCE_SECONDS


def measure(plan: Plan, record: Record, *, workers: int) -> int:
    """Do all replays, each recorded as it ends; how many failed."""
    code, started = code_version(), time.monotonic()
    total, done, n_failed = max(plan.seconds(pace=1.0), 1e-9), 0.0, 0
    for number, (job, outcome) in enumerate(_outcomes(plan.jobs, workers), start=1):
        done += expected_seconds(job)
        words = " ".join(map(str, job.key))
        if outcome is None:
            n_failed += 1
            print(f"{number}/{len(plan.jobs)}  {words}: failed", flush=True)
            continue
        record.append(job, outcome, code)
        if number % 50 == 0 or number == len(plan.jobs) or job.case.is_large:
            left = (time.monotonic() - started) * max(total / done - 1, 0.0) / 60
            print(
                f"{number}/{len(plan.jobs)}  {words}: {outcome.seconds:.1f} s; {left:.0f} min left",
                flush=True,
            )
    return n_failed


def _outcomes(jobs: Sequence[Job], workers: int) -> Iterator[tuple[Job, Outcome | None]]:
    """Every replay as it ends; None for what it gave where it failed."""
    if workers == 1:
        with threadpool_limits(1):
            yield from ((job, _tried(job)) for job in jobs)
        return
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, mp_context=context, initializer=_one_thread) as pool:
        try:
            futures = {pool.submit(_tried, job): job for job in jobs}
            for future in as_completed(futures):
                yield futures.pop(future), future.result()
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def _one_thread() -> None:
    threadpool_limits(1)


def _tried(job: Job) -> Outcome | None:
    """One bad replay must not cost the hours of the others."""
    try:
        return replay_once(job)
    except Exception:
        traceback.print_exc()
        return None


def fail(message: str) -> None:
    """End with a message and the status of wrong usage."""
    sys.stderr.write(f"{message}\n")
    raise SystemExit(2)


def chosen_cases(cases: Sequence[Case], only: str | None) -> list[Case]:
    """The cases of the names in a comma-separated list; all without one."""
    if only is None:
        return list(cases)
    by_name = {case.name: case for case in cases}
    unknown = [name for name in only.split(",") if name not in by_name]
    if unknown:
        fail(f"no table {unknown[0]!r}; there are {', '.join(by_name)}")
    return [by_name[name] for name in only.split(",")]


def chosen_strategies(given: str) -> list[str]:
    """The strategies of a comma-separated list."""
    unknown = [name for name in given.split(",") if name not in STRATEGIES]
    if unknown:
        fail(f"no strategy {unknown[0]!r}; there are {', '.join(STRATEGIES)}")
    return given.split(",")
