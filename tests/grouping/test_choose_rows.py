"""The search's inner step: a wrong one would measure the wrong subsets, a slow one would dwarf training."""

import itertools

import numpy as np
import pytest

from taskgroup.errors import InfeasibleError, InputError
from taskgroup.grouping import Candidate, Problem, choose_rows, choose_rows_exactly, solve


def subsets(n_tasks, *, largest=None):
    sizes = range(1, (largest or n_tasks) + 1)
    return [subset for size in sizes for subset in itertools.combinations(range(n_tasks), size)]


def values_of(rows, n_tasks, *, seed, samples=None):
    rng = np.random.default_rng(seed)
    values = rng.normal(size=(samples or 1, len(rows), n_tasks))
    for place, row in enumerate(rows):
        values[:, place, [task for task in range(n_tasks) if task not in row]] = np.nan
    return values if samples else values[0]


def total(values, servers):
    return values[servers, np.arange(values.shape[1])].sum()


def best(values, *, direction="maximize", cost=None, **limit):
    n_rows, n_tasks = values.shape
    tasks = tuple(f"t{i}" for i in range(n_tasks))
    candidates = []
    for row in range(n_rows):
        own = {tasks[t]: float(values[row, t]) for t in range(n_tasks) if not np.isnan(values[row, t])}
        candidates.append(Candidate(tuple(own), 1.0 if cost is None else float(cost[row]), own))
    return solve(Problem(tasks, tuple(candidates), direction, **limit)).select_total


@pytest.mark.parametrize("direction", ["maximize", "minimize"])
@pytest.mark.parametrize("max_groups", [1, 2, 3, None])
def test_samples_are_solved_together_as_each_alone(direction, max_groups):
    values = values_of(subsets(5), 5, seed=0, samples=6)
    servers = choose_rows_exactly(values, max_groups=max_groups, direction=direction)
    for sample, rows in zip(values, servers, strict=True):
        assert total(sample, rows) == pytest.approx(best(sample, direction=direction, max_groups=max_groups))
        assert len(np.unique(rows)) <= (max_groups or 5)


def test_samples_under_a_budget():
    rows = subsets(4)
    cost = np.array([1 + 0.2 * len(row) for row in rows])
    values = values_of(rows, 4, seed=1, samples=3)
    servers = choose_rows_exactly(values, cost=cost, budget=3.0)
    for sample, chosen in zip(values, servers, strict=True):
        assert total(sample, chosen) == pytest.approx(best(sample, cost=cost, budget=3.0))


@pytest.mark.parametrize("limit", [{"max_groups": 3}, {}, {"budget": 4.0}])
def test_swaps_come_close_to_the_best_and_keep_the_limit(limit):
    rows = [*subsets(10, largest=3), tuple(range(10))]
    cost = np.array([1 + 0.1 * len(row) for row in rows]) if "budget" in limit else None
    values = values_of(rows, 10, seed=2)
    servers = choose_rows(values, cost=cost, **limit)
    used = np.unique(servers)
    assert len(used) <= limit.get("max_groups", 10)
    assert (np.ones(len(rows)) if cost is None else cost)[used].sum() <= limit.get("budget", np.inf) + 1e-9
    optimum = best(values, cost=cost, **limit)
    assert optimum + 1e-9 >= total(values, servers) >= optimum - 0.15 * abs(optimum)


def test_a_warm_start_is_only_improved():
    values = values_of([*subsets(8, largest=3), tuple(range(8))], 8, seed=3)
    cold = choose_rows(values, max_groups=3)
    assert total(values, choose_rows(values, max_groups=3, start=cold)) >= total(values, cold) - 1e-12
    assert (choose_rows(values, max_groups=3) == cold).all()


def test_a_choice_is_found_where_the_greedy_one_serves_not_all():
    wide, left, right = [0, 1, 2, 3], [0, 1, 4], [2, 3, 5]
    values = np.full((3, 6), np.nan)
    for row, tasks in enumerate((wide, left, right)):
        values[row, tasks] = 0.0
    assert set(choose_rows(values, max_groups=2).tolist()) == {1, 2}


def test_what_cannot_be_served_is_refused():
    alone = np.where(np.eye(3, dtype=bool), 0.0, np.nan)
    for choose, values in ((choose_rows, alone), (choose_rows_exactly, alone[None])):
        with pytest.raises(InfeasibleError):
            choose(values, max_groups=2)
        with pytest.raises(InfeasibleError):
            choose(values, cost=np.ones(3), budget=2.0)
    with pytest.raises(InfeasibleError, match="column 2"):
        choose_rows(alone[:2])
    with pytest.raises(InputError, match="too many"):
        choose_rows_exactly(np.zeros((1, 2, 13)))
