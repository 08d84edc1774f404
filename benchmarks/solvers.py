"""Choosing networks from candidate lists of growing size: time, gap and proof.

Gains are simulated. `planted`: tasks fall into groups whose members help each other while others hurt,
with noise on every pair and on every measured value. `noise`: every value is drawn on its own, which
leaves nothing for a bound to hold on to and is harder than any measured table.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from statistics import median
from typing import Any

import numpy as np

from benchmarks.machine import machine_facts
from benchmarks.report import Report, Table
from taskgroup.grouping import (
    Candidate,
    Method,
    Problem,
    Rules,
    choose_rows,
    choose_rows_exactly,
    solve,
    verify,
)

_PROOF_SECONDS, _LARGE_SECONDS, _GROWTH_SECONDS = 60.0, 60.0, 10.0
_GAP = 0.02
_COLUMNS = ["candidates", "limit", "solved", "median s", "max s", "largest gap", "proven optimal"]


@dataclass(frozen=True)
class Solved:
    """One solved problem.

    Attributes:
        seconds: Wall time of `solve`.
        gap: Distance of total and bound as a share of the bound.
        optimal: Whether the total is proven to be the best.
    """

    seconds: float
    gap: float
    optimal: bool


def make_problem(
    kind: str, n_tasks: int, n_candidates: int, *, seed: int, by_size: bool = False, **limit: Any
) -> Problem:
    """Draw a problem: every task alone, all in one, pairs, and larger subsets, with their gains.

    Args:
        kind: `planted` or `noise`.
        n_tasks: Tasks.
        n_candidates: Subsets.
        seed: Decides everything that is drawn.
        by_size: Whether each task beyond the first costs a fifth of a network; else all cost one.
        **limit: `max_groups` or `budget`, and other fields of the problem.
    """
    rng = np.random.default_rng(seed)
    n_groups = max(2, n_tasks // 5)
    group = rng.integers(n_groups, size=n_tasks)
    helps = np.where(group[:, None] == group, 0.04, -0.02) + rng.normal(0, 0.02, (n_tasks, n_tasks))
    np.fill_diagonal(helps, 0.0)
    tasks = tuple(f"t{place}" for place in range(n_tasks))
    candidates = []
    for subset in _subsets(n_tasks, n_candidates, group if kind == "planted" else None, rng):
        inside = np.array(subset)
        noise = rng.normal(0, 0.02 if kind == "planted" else 0.05, len(subset)) * (len(subset) > 1)
        scale = np.sqrt(max(len(subset) - 1, 1))
        gains = helps[np.ix_(inside, inside)].sum(axis=1) / scale * (kind == "planted") + noise
        cost = 1.0 + 0.2 * (len(subset) - 1) if by_size else 1.0
        names = tuple(tasks[place] for place in subset)
        candidates.append(Candidate(names, cost, dict(zip(names, gains.tolist(), strict=True))))
    return Problem(tasks, tuple(candidates), "maximize", **limit)


def _subsets(
    n_tasks: int, n_candidates: int, group: np.ndarray | None, rng: np.random.Generator
) -> list[tuple[int, ...]]:
    """Subsets as a search comes to hold them: small ones first, larger ones mostly within groups."""
    if 2**n_tasks - 1 <= n_candidates:
        sizes = range(1, n_tasks + 1)
        return [subset for size in sizes for subset in itertools.combinations(range(n_tasks), size)]
    pairs = list(itertools.combinations(range(n_tasks), 2))
    n_pairs = min(len(pairs), n_candidates // 3)
    found = {(task,) for task in range(n_tasks)} | {tuple(range(n_tasks))}
    found |= {pairs[place] for place in rng.choice(len(pairs), n_pairs, replace=False)}
    while len(found) < n_candidates:
        size = int(rng.integers(3, min(n_tasks, max(10, n_tasks // 5)) + 1))
        drawn: set[int] = set()
        if group is not None and rng.random() < 0.6:
            own = np.flatnonzero(group == rng.integers(group.max() + 1))
            drawn = set(rng.choice(own, min(size, len(own)), replace=False).tolist())
        while len(drawn) < size:
            drawn.add(int(rng.integers(n_tasks)))
        found.add(tuple(sorted(drawn)))
    return sorted(found, key=lambda subset: (len(subset), subset))


def solvers(rounds: int) -> Report:
    """Solve them all.

    Args:
        rounds: Problems drawn for each small case; large ones are drawn once.
    """
    seeds = range(rounds)
    few = Table("9 tasks, 511 candidates", ["case", *_COLUMNS], list(_few_tasks(seeds)))
    many = Table("27 tasks, to the proof", ["case", *_COLUMNS], list(_many_tasks(seeds)))
    rules = Table("27 tasks under other limits and rules", ["case", *_COLUMNS], list(_with_rules(seeds)))
    large = Table(
        f"100 tasks, within {_GAP:.0%} of the bound or after {_LARGE_SECONDS:.0f} s",
        ["case", *_COLUMNS],
        list(_large()),
    )
    growth = Table(
        f"Growth: a fifth as many networks as tasks, proof or {_GROWTH_SECONDS:.0f} s",
        ["case", "tasks", *_COLUMNS],
        list(_growth()),
    )
    arrays = Table(
        "Arrays without a proof or certificate, ms", ["call", "median", "max"], list(_arrays(rounds))
    )
    tables = [few, many, rules, large, growth, arrays]
    text = [
        str(__doc__).split("\n\n", 1)[1].replace("\n", " ").strip(),
        f"Small cases are drawn {rounds} times with different seeds; each is solved once, on one thread, and "
        "checked by `verify`. Seconds are wall time of `solve`, reading the problem included. The gap is the "
        "distance between total and bound as a share of the bound, so it is harsh where gains and losses "
        "nearly cancel out. `highs` is the same problem as one mixed-integer program, for comparison.",
    ]
    raw = {
        table.title: [dict(zip(table.columns, row, strict=True)) for row in table.rows] for table in tables
    }
    return Report("solvers", "Choosing networks: time, gap and proof", text, tables, machine_facts(), raw)


def _few_tasks(seeds: Iterable[int]) -> Iterable[Sequence[Any]]:
    for kind in ("planted", "noise"):
        yield _row(kind, 511, "3 networks", [_problem(kind, 9, 511, seed, max_groups=3) for seed in seeds])
        budgets = [_problem(kind, 9, 511, seed, by_size=True, budget=4.0) for seed in seeds]
        yield _row(kind, 511, "budget 4, cost by size", budgets)


def _many_tasks(seeds: Iterable[int]) -> Iterable[Sequence[Any]]:
    for kind in ("planted", "noise"):
        drawn = [make_problem(kind, 27, 3000, seed=seed, max_groups=1) for seed in seeds]
        for n_networks in range(1, 11):
            problems = [replace(problem, max_groups=n_networks) for problem in drawn]
            yield _row(kind, 3000, f"{n_networks} networks", problems)
        for n_networks in (3, 8):
            problems = [replace(drawn[0], max_groups=n_networks)]
            yield _row(f"{kind}, highs", 3000, f"{n_networks} networks", problems, method="highs")


def _with_rules(seeds: Iterable[int]) -> Iterable[Sequence[Any]]:
    links = Rules(must_link=(("t0", "t1"),), cannot_link=(("t2", "t3"), ("t4", "t5")), max_size=8)
    for kind in ("planted", "noise"):
        budgets = [_problem(kind, 27, 3000, seed, by_size=True, budget=9.0) for seed in seeds]
        yield _row(kind, 3000, "budget 9, cost by size", budgets)
        linked = [_problem(kind, 27, 3000, seed, max_groups=8, rules=links) for seed in seeds]
        yield _row(kind, 3000, "8 networks, links, size", linked)
        apart = Rules(overlap=False)
        divided = [_problem(kind, 27, 3000, seed, max_groups=8, rules=apart) for seed in seeds]
        yield _row(kind, 3000, "8 networks, no overlap", divided)


def _large() -> Iterable[Sequence[Any]]:
    for kind in ("planted", "noise"):
        drawn = make_problem(kind, 100, 20_000, seed=0)
        for n_networks in (5, 10, 20, 30):
            problem = replace(drawn, max_groups=n_networks)
            yield _row(kind, 20_000, f"{n_networks} networks", [problem], seconds=_LARGE_SECONDS, gap=_GAP)
        apart = replace(drawn, max_groups=20, rules=Rules(overlap=False))
        yield _row(kind, 20_000, "20, no overlap", [apart], seconds=_LARGE_SECONDS, gap=_GAP)


def _growth() -> Iterable[Sequence[Any]]:
    sizes = [(n_tasks, 3000) for n_tasks in (12, 18, 27, 50, 100)]
    sizes += [(27, n_candidates) for n_candidates in (500, 1000, 10_000, 20_000)]
    for kind in ("planted", "noise"):
        for n_tasks, n_candidates in sizes:
            problem = make_problem(kind, n_tasks, n_candidates, seed=0, max_groups=n_tasks // 5)
            limit = f"{n_tasks // 5} networks"
            row = _row(kind, n_candidates, limit, [problem], seconds=_GROWTH_SECONDS)
            yield [row[0], n_tasks, *row[1:]]


def _arrays(rounds: int) -> Iterable[Sequence[Any]]:
    problem = make_problem("noise", 27, 3000, seed=0)
    values = _matrix(problem)
    for n_networks in (3, 10):
        cold = choose_rows(values, max_groups=n_networks)
        name = f"choose_rows, 27 tasks x 3,000, {n_networks} networks"
        yield [name, *_milliseconds(partial(choose_rows, values, max_groups=n_networks), rounds)]
        warm = partial(choose_rows, values, max_groups=n_networks, start=cold)
        yield [f"{name}, warm start", *_milliseconds(warm, rounds)]
    for n_tasks in (7, 9):
        one = _matrix(make_problem("noise", n_tasks, 2**n_tasks - 1, seed=0))
        samples = one + np.random.default_rng(0).normal(0, 0.02, (32, *one.shape))
        name = f"choose_rows_exactly, 32 samples of {n_tasks} tasks x {2**n_tasks - 1}, 3 networks"
        yield [name, *_milliseconds(partial(choose_rows_exactly, samples, max_groups=3), rounds)]


def _matrix(problem: Problem) -> np.ndarray:
    return np.array([[c.values.get(task, np.nan) for task in problem.tasks] for c in problem.candidates])


def _milliseconds(call: Callable[[], object], rounds: int) -> list[float]:
    call()
    seconds = []
    for _ in range(max(rounds, 5)):
        started = time.perf_counter()
        call()
        seconds.append(time.perf_counter() - started)
    return [1000 * median(seconds), 1000 * max(seconds)]


def _problem(kind: str, n_tasks: int, n_candidates: int, seed: int, **options: Any) -> Problem:
    return make_problem(kind, n_tasks, n_candidates, seed=seed, **options)


def _row(
    case: str,
    n_candidates: int,
    limit: str,
    problems: Sequence[Problem],
    *,
    method: Method = "auto",
    seconds: float = _PROOF_SECONDS,
    gap: float = 0.0,
) -> list[Any]:
    solved = [_solve(problem, method, seconds, gap) for problem in problems]
    return [
        case,
        n_candidates,
        limit,
        len(solved),
        median(one.seconds for one in solved),
        max(one.seconds for one in solved),
        f"{max(one.gap for one in solved):.2%}",
        f"{sum(one.optimal for one in solved)} of {len(solved)}",
    ]


def _solve(problem: Problem, method: Method, seconds: float, gap: float) -> Solved:
    started = time.perf_counter()
    grouping = solve(problem, time_limit_seconds=seconds, gap=gap, method=method)
    took = time.perf_counter() - started
    verify(problem, grouping)
    assert grouping.bound is not None
    share = 0.0 if grouping.optimal else abs(grouping.bound - grouping.select_total) / abs(grouping.bound)
    return Solved(took, share, grouping.optimal)
