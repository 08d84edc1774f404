"""Many tasks: proofs that hold, and honest bounds where the time runs out."""

from dataclasses import replace

import numpy as np
import pytest
from grouping_cases import all_subsets
from hypothesis import given, settings
from hypothesis import strategies as st

from taskgroup.errors import InputError
from taskgroup.grouping import Candidate, Problem, Rules, solve, verify
from taskgroup.grouping.lagrangian import DenseRegrets, SparseRegrets, bound_at, climb
from taskgroup.grouping.regret import RegretTable


def noise(n_tasks: int, n_candidates: int, *, seed: int, costs=(1.0,), **limit) -> Problem:
    """Values without any structure, the hardest to prove."""
    rng = np.random.default_rng(seed)
    tasks = tuple(f"t{i}" for i in range(n_tasks))
    subsets = {(task,) for task in tasks} | {tasks}
    while len(subsets) < n_candidates:
        drawn = rng.choice(n_tasks, rng.integers(2, 7), replace=False)
        subsets.add(tuple(tasks[i] for i in sorted(drawn)))
    candidates = tuple(
        Candidate(s, float(rng.choice(costs)), {t: float(rng.normal(0, 0.05)) for t in s})
        for s in sorted(subsets)
    )
    return Problem(tasks, candidates, "maximize", **limit)


@pytest.mark.parametrize(
    "limit", [{"max_groups": 2}, {"max_groups": 4}, {"max_groups": 7}, {"budget": 4.0}, {"budget": 6.5}, {}]
)
@pytest.mark.parametrize("seed", [0, 1])
def test_agrees_with_highs_on_noise(limit, seed):
    costs = (0.5, 1.0, 1.5) if "budget" in limit else (1.0,)
    problem = noise(14, 150, seed=seed, costs=costs, **limit)
    first, second = (solve(problem, method=method) for method in ("branch_and_bound", "highs"))
    assert first.select_total == pytest.approx(second.select_total, rel=1e-9)
    assert (first.cost, len(first.networks)) == pytest.approx((second.cost, len(second.networks)))
    assert first.optimal
    verify(problem, first)


def test_planted_groups_are_found_and_proven():
    """Five groups of five whose members help each other; everything else hurts."""
    rng = np.random.default_rng(4)
    tasks = tuple(f"t{i}" for i in range(25))
    planted = {tasks[start : start + 5] for start in range(0, 25, 5)}
    subsets = set(planted) | {(task,) for task in tasks} | {tasks}
    while len(subsets) < 800:
        subsets.add(tuple(tasks[i] for i in sorted(rng.choice(25, rng.integers(2, 9), replace=False))))
    candidates = []
    for subset in sorted(subsets):
        helpers = {
            task: sum(tasks.index(o) // 5 == tasks.index(task) // 5 for o in subset) - 1 for task in subset
        }
        values = {
            t: 0.05 * n - 0.03 * (len(subset) - 1 - n) + rng.normal(0, 0.002) for t, n in helpers.items()
        }
        candidates.append(Candidate(subset, 1.0, values))
    grouping = solve(Problem(tasks, tuple(candidates), "maximize", max_groups=5))
    assert {network.subset for network in grouping.networks} == planted
    assert grouping.optimal


@pytest.mark.parametrize("seconds", [0.0, 0.01, 0.3])
@pytest.mark.parametrize("overlap_method", ["branch_and_bound", "highs"])
def test_any_time_limit_leaves_an_incumbent_and_a_valid_bound(seconds, overlap_method):
    problem = noise(30, 600, seed=2, max_groups=7)
    hurried = solve(problem, time_limit_seconds=seconds, method=overlap_method)
    verify(problem, hurried)
    best = solve(problem)
    assert hurried.select_total <= best.select_total + 1e-9 <= hurried.bound + 2e-9


def test_the_answer_is_the_same_each_time():
    problem = noise(20, 300, seed=5, max_groups=5)
    assert solve(problem) == solve(problem)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 5), st.booleans())
def test_a_bound_never_exceeds_what_a_choice_reaches(seed, most, with_costs):
    """At any prices, for everything and for every row that must be chosen."""
    limit = {"budget": 1.1 * most} if with_costs else {"max_groups": most}
    problem = all_subsets(5, seed=seed, costs="size" if with_costs else "one", **limit)
    table = RegretTable.of(problem)
    rng = np.random.default_rng(seed)
    price = rng.uniform(0, 0.2, table.n_tasks)
    capped = np.where(np.isfinite(table.regret), table.regret, 9.0)
    dense, sparse = DenseRegrets(capped), SparseRegrets(table.regret)
    found = bound_at(dense, table.limits, price)
    assert bound_at(sparse, table.limits, price).value == pytest.approx(found.value)
    climbed = climb(sparse, table.limits, price, highest=np.full(5, 9.0), target=1.0, n_steps=30, patience=4)
    assert climbed.value >= found.value - 1e-12
    for _ in range(20):
        chosen = rng.choice(len(table.cost), rng.integers(1, most + 1), replace=False)
        total = capped[chosen].min(axis=0).sum()
        if table.fits(table.cost[chosen].sum(), len(chosen)):
            assert found.at_least[chosen].max() <= total + 1e-9
            assert climbed.at_least[chosen].max() <= total + 1e-9


@pytest.mark.parametrize("method", ["branch_and_bound", "highs"])
def test_a_gap_ends_the_search_with_a_bound_that_near(method):
    problem = noise(24, 400, seed=3, max_groups=6)
    near, best = solve(problem, gap=0.05, method=method), solve(problem)
    verify(problem, near)
    assert best.select_total <= near.bound + 1e-9
    assert near.bound - near.select_total <= 0.05 * abs(near.bound) + 1e-9


def test_an_unknown_or_unsuitable_method_is_refused():
    problem = noise(14, 40, seed=0)
    with pytest.raises(InputError, match="did you mean 'highs'"):
        solve(problem, method="high")
    with pytest.raises(InputError, match="needs overlap"):
        solve(replace(problem, rules=Rules(overlap=False)), method="branch_and_bound")
