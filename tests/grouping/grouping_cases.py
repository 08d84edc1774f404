"""Small grouping problems to draw from, and the exhaustive search that they are judged by."""

from __future__ import annotations

import itertools
import math

import numpy as np
from hypothesis import strategies as st

from taskgroup.grouping import Candidate, Grouping, Problem

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


def exhaustive(problem: Problem) -> tuple[float, float, int]:
    """Total, cost and number of networks of the best of all assignments of candidates to tasks."""
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
        parts = zip(problem.tasks, problem.weights, servers, strict=True)
        total = math.fsum(weight * problem.candidates[i].values[task] for task, weight, i in parts)
        scored.append((round(sign * total, 9), round(cost, 9), len(chosen)))
    total, cost, n_networks = min(scored)
    return sign * total, cost, n_networks


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
