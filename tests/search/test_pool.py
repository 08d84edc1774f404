"""Which subsets are considered: what is left out of the pool can never be recommended."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from suites.strategy_suite import Case, joint, names

from taskgroup.errors import InfeasibleError
from taskgroup.search.arm import at_home
from taskgroup.search.choice import Choice
from taskgroup.search.pool import ENUMERATED_TASKS, as_subset, climb, known_and_open
from taskgroup.search.strategy import ServingLimit, State
from taskgroup.search.surrogate import Floats, Networks
from taskgroup.spec import Subset


def subsets_of_pool(state: State) -> list[Subset]:
    """What is considered where there is one way of training."""
    arms = known_and_open(state)
    assert all(arm.way == 0 for arm in arms)
    return [arm.subset for arm in arms]


def test_few_tasks_are_listed_completely():
    case = Case("any", n_tasks=5)
    found = subsets_of_pool(case.state(case.start()))
    assert sorted(found) == sorted([*((task,) for task in case.tasks), *joint(case.tasks)])
    assert len(found) == len(set(found))


def test_what_is_refused_stays_out_and_what_is_measured_stays_in():
    case = Case("any", n_tasks=4, refused=frozenset([("t00", "t01")]))
    measured = case.start()
    assert ("t00", "t01") not in subsets_of_pool(case.state(measured))
    state = case.state(measured, allowed=lambda _: False)
    assert subsets_of_pool(state) == list(measured)


def test_candidates_are_the_only_ones():
    case = Case("any", n_tasks=14, candidates=(names(14)[:3], names(14)[3:]))
    assert set(subsets_of_pool(case.state(case.start()))) == {*case.start(), *(case.candidates or ())}


@pytest.mark.parametrize("n_tasks", [ENUMERATED_TASKS + 1, 30])
def test_of_many_tasks_there_are_subsets_of_all_sizes_but_not_too_many(n_tasks):
    case = Case("any", n_tasks=n_tasks)
    found = subsets_of_pool(case.state(case.start()))
    assert len(found) == len(set(found)) < 2000
    assert {2, 3, n_tasks // 2} <= {len(subset) for subset in found}


def test_without_all_in_one_two_networks_can_still_serve_many_tasks():
    """It may have failed; a search must not end for lack of anything to combine."""
    case = Case("any", n_tasks=14, refused=frozenset([names(14)]), limit=ServingLimit(2))
    found = subsets_of_pool(case.state(case.start()))
    assert any(set(one) | set(other) == set(case.tasks) for one, other in itertools.combinations(found, 2))


def test_a_row_of_members_is_a_subset():
    assert as_subset(np.array([1.0, 0.0, 1.0]), ("a", "b", "c")) == ("a", "c")
    assert as_subset(np.array([False, True, False]), ("a", "b", "c")) == ("b",)


@given(st.integers(0, 10_000), st.integers(2, 5), st.integers(1, 3))
def test_climbing_ends_where_no_single_change_helps_and_never_below_its_start(seed, n_tasks, n_networks):
    rng = np.random.default_rng(seed)
    table = rng.normal(size=(2**n_tasks, n_tasks))
    alone, weights = rng.normal(size=n_tasks), rng.uniform(0.5, 2.0, n_tasks)
    start = (rng.random((n_networks, n_tasks)) < 0.5).astype(float)
    start[0] = 1.0
    start = start[start.sum(axis=1) > 0]

    def values(subsets: Networks) -> Floats:
        return table[(subsets.members @ 2 ** np.arange(n_tasks)).astype(int)]

    def total(members: Floats) -> float:
        single = members.sum(axis=1, keepdims=True) == 1
        worth = np.where(single, alone, values(Networks(members))) * weights
        return float(np.where(members > 0, worth, -np.inf).max(axis=0).sum())

    end = climb(Networks(start), values, alone, weights).members
    assert total(end) >= total(start) - 1e-9
    for network, task in itertools.product(range(len(end)), range(n_tasks)):
        changed = end.copy()
        changed[network, task] = 1 - changed[network, task]
        if changed[network].any():
            assert total(changed) <= total(end) + 1e-6


def test_climbing_asks_for_each_network_once():
    """Forty tasks would keep a search busy for minutes before every batch of networks."""
    asked: list[tuple[float, ...]] = []

    def values(subsets: Networks) -> Floats:
        asked.extend(map(tuple, subsets.members))
        return subsets.members * subsets.members.sum(axis=1, keepdims=True)

    start = np.eye(6)
    assert climb(Networks(start), values, np.zeros(6), np.ones(6)).members.sum() > 6
    assert len(asked) == len(set(asked))


@given(st.integers(0, 10_000), st.integers(1, 4), st.integers(1, 4))
def test_the_choice_is_the_best_one(seed, n_tasks, max_groups):
    rng = np.random.default_rng(seed)
    tasks = names(n_tasks)
    subsets = [*((task,) for task in tasks), *joint(tasks)]
    choice = choice_of(subsets, n_tasks, max_groups=max_groups)
    values = rng.normal(size=(2, len(subsets), n_tasks))
    totals, servers = choice.best(values)
    for table, total, serving in zip(values, totals, servers, strict=True):
        assert len(set(serving.tolist())) <= max_groups
        assert all(choice.members[row, task] for task, row in enumerate(serving))
        assert total == pytest.approx(best_by_listing(table, choice))
    assert choice.total(values, servers) == pytest.approx(totals)


@pytest.mark.parametrize("limit", [{"max_groups": 2}, {"max_groups": 9, "budget": 2.0}])
def test_many_tasks_are_chosen_for_within_the_limit(limit):
    tasks = names(10)
    subsets = [*((task,) for task in tasks), tasks[:5], tasks[5:], tasks]
    choice = choice_of(subsets, 10, **limit)
    values = np.where(choice.members.sum(axis=1, keepdims=True) == 5, 1.0, 0.0)[None] * np.ones((1, 1, 10))
    totals, servers = choice.best(values)
    assert totals == pytest.approx([choice.weights.sum()])
    assert servers[0].tolist() == [10] * 5 + [11] * 5


def test_where_nothing_serves_every_task_that_is_said():
    choice = choice_of([("t00",), ("t01",)], 2, max_groups=1)
    with pytest.raises(InfeasibleError):
        choice.best(np.zeros((1, 2, 2)))


def test_a_choice_among_some_rows_is_the_choice_of_them():
    choice = choice_of(joint(names(3)), 3, max_groups=2)
    some = choice.among(np.array([0, 3]))
    assert some.members.tolist() == choice.members[[0, 3]].tolist()
    assert len(some.cost) == 2


def choice_of(subsets, n_tasks: int, *, max_groups: int, budget: float | None = None) -> Choice:
    return Choice(
        members=Networks.of(at_home(subsets), names(n_tasks)).members,
        weights=np.arange(1.0, n_tasks + 1),
        cost=np.ones(len(subsets)),
        max_groups=max_groups,
        budget=budget,
    )


def best_by_listing(values: Floats, choice: Choice) -> float:
    worth = np.where(choice.members > 0, values * choice.weights, -np.inf)
    sizes = range(1, choice.max_groups + 1)
    return max(
        float(worth[list(rows)].max(axis=0).sum())
        for size in sizes
        for rows in itertools.combinations(range(len(worth)), size)
    )
