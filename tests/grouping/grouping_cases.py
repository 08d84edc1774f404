"""Small grouping problems to draw from, and the exhaustive search that they are judged by."""

from __future__ import annotations

import itertools
import math
from dataclasses import replace

import numpy as np
from hypothesis import strategies as st

from taskgroup.grouping import Candidate, Grouping, Problem, Rules

DIRECTIONS = ("minimize", "maximize")
TIED_VALUES = st.integers(-3, 3).map(lambda value: value / 10)
DISTINCT_VALUES = st.integers(-(10**6), 10**6).map(lambda value: value / 7e5)
COSTS = st.sampled_from([0.1, 0.2, 0.3, 0.5, 1.0, 1.2])


@st.composite
def problems(draw, values=TIED_VALUES, costs=COSTS, max_tasks=4, max_extra=5):
    """Feasible problems: one network alone can serve everything, and overlap and ride-along abound."""
    tasks = tuple("abcd"[: draw(st.integers(1, max_tasks))])
    candidates = [_candidate(draw, tasks, tasks, values, costs)]
    for _ in range(draw(st.integers(0, max_extra))):
        subset = tuple(draw(st.lists(st.sampled_from(tasks), min_size=1, unique=True)))
        served = tuple(draw(st.lists(st.sampled_from(subset), unique=True)))
        candidates.append(_candidate(draw, subset, served, values, costs))
    cheapest = candidates[0].cost
    limit = draw(
        st.one_of(
            st.just({}),
            st.integers(1, 4).map(lambda number: {"max_groups": number}),
            st.sampled_from([0.0, 0.1, 0.3, 0.5, 1.2]).map(lambda more: {"budget": cheapest + more}),
        )
    )
    importance = draw(st.dictionaries(st.sampled_from(tasks), st.sampled_from([0.5, 2.0, 3.0])))
    return Problem(tasks, tuple(candidates), draw(st.sampled_from(DIRECTIONS)), importance, **limit)


def _candidate(draw, subset, served, values, costs):
    return Candidate(subset, draw(costs), {task: draw(values) for task in served})


def exhaustive(problem: Problem) -> tuple[float, float, int] | None:
    """Total, cost and number of networks of the best of all assignments; None where none is allowed."""
    sign = 1 if problem.direction == "minimize" else -1
    able = [
        [i for i, candidate in enumerate(problem.candidates) if task in candidate.values]
        for task in problem.tasks
    ]
    scored = []
    for servers in itertools.product(*able):
        chosen = set(servers)
        cost = math.fsum(problem.candidates[i].cost for i in chosen)
        if problem.budget is not None and cost > problem.budget + 1e-9:
            continue
        if problem.max_groups is not None and len(chosen) > problem.max_groups:
            continue
        if not _keeps_rules(problem, dict(zip(problem.tasks, servers, strict=True))):
            continue
        parts = zip(problem.tasks, problem.weights, servers, strict=True)
        total = math.fsum(weight * _value(problem, i, task) for task, weight, i in parts)
        scored.append((round(sign * total, 9), round(cost, 9), len(chosen)))
    if not scored:
        return None
    total, cost, n_networks = min(scored)
    return sign * total, cost, n_networks


def _value(problem: Problem, place: int, task: str) -> float:
    candidate = problem.candidates[place]
    margin = problem.risk * candidate.errors.get(task, 0.0)
    return candidate.values[task] + (margin if problem.direction == "minimize" else -margin)


def _keeps_rules(problem: Problem, server: dict[str, int]) -> bool:
    rules = problem.rules
    subsets = [problem.candidates[i].subset for i in set(server.values())]
    linked = all(len({server[task] for task in names}) == 1 for names in rules.must_link)
    apart = all(len(set(names) & set(subset)) < 2 for names in rules.cannot_link for subset in subsets)
    least, most = rules.min_size or 1, rules.max_size or len(problem.tasks)
    sized = all(least <= len(subset) <= most for subset in subsets)
    trained = sorted(task for subset in subsets for task in subset)
    return linked and apart and sized and (rules.overlap or trained == sorted(problem.tasks))


@st.composite
def ruled_problems(draw, values=TIED_VALUES):
    """Problems with rules and risk, singles among their candidates, which may have no solution."""
    base = draw(problems(values=values, max_extra=7))
    tasks = base.tasks
    alone = [Candidate((task,), draw(COSTS), {task: draw(values)}) for task in tasks if draw(st.booleans())]
    candidates = [
        replace(c, errors={task: draw(st.sampled_from([0.0, 0.1, 0.3])) for task in c.values})
        for c in (*base.candidates, *alone)
    ]
    size = st.none() | st.integers(1, 3)
    least, most = draw(size), draw(size)
    if least is not None and most is not None:
        least, most = min(least, most), max(least, most)
    pairs = st.lists(st.lists(st.sampled_from(tasks), min_size=2, max_size=3, unique=True), max_size=1)
    linked = draw(pairs) if len(tasks) > 1 else []
    apart = draw(pairs) if len(tasks) > 1 else []
    if linked and apart and len(set(linked[0]) & set(apart[0])) > 1:
        apart = []
    rules = Rules(linked, apart, least, most, overlap=draw(st.booleans()))
    risk = draw(st.sampled_from([0.0, 1.0, 1.5]))
    return replace(base, candidates=tuple(candidates), rules=rules, risk=risk)


def score(grouping: Grouping) -> tuple[float, float, int]:
    """What `exhaustive` gives, for a solver's answer."""
    return round(grouping.select_total, 9), round(grouping.cost, 9), len(grouping.networks)


def all_subsets(n_tasks: int, *, seed: int, costs: str = "one", **limit) -> Problem:
    """Every subset as a candidate, its values drawn from a pair structure with noise."""
    rng = np.random.default_rng(seed)
    tasks = tuple(f"t{i}" for i in range(n_tasks))
    pair = rng.normal(0, 0.05, (n_tasks, n_tasks))
    candidates = []
    for size in range(1, n_tasks + 1):
        for subset in itertools.combinations(range(n_tasks), size):
            inside = np.array(subset)
            gains = pair[np.ix_(inside, inside)].mean(axis=1) + rng.normal(0, 0.01, size)
            cost = {"one": 1.0, "size": 1 + 0.3 * (size - 1), "any": float(rng.uniform(0.5, 1.5))}[costs]
            values = {tasks[i]: float(gain) for i, gain in zip(subset, gains, strict=True)}
            candidates.append(Candidate(tuple(tasks[i] for i in subset), cost, values))
    return Problem(tasks, tuple(candidates), "maximize", **limit)
