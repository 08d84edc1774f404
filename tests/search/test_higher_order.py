"""The strategy: every proposal costs runs, so none may be asked for twice or without promise."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable, Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st
from suites.strategy_suite import in_one_way, proposals_of

from taskgroup.search.hoa import HigherOrder
from taskgroup.search.strategy import ServingLimit, State
from taskgroup.spec import Subset

TASKS = ("a", "b", "c", "d")
Measured = dict[Subset, dict[str, float]]
Truth = Callable[[Subset], Mapping[str, float]]


def state_of(measured: Measured, *, tasks: Subset = TASKS, groups: int | None = 2, n_left: int = 99) -> State:
    return State(
        tasks=tasks,
        values=in_one_way({**{(task,): {task: 0.0} for task in tasks}, **measured}),
        importance={},
        limit=ServingLimit(max_groups=groups),
        cost=lambda subset: 1.0,
        n_left=n_left,
    )


def pairs_of(tasks: Subset) -> list[Subset]:
    return list(itertools.combinations(tasks, 2))


def additive(pair_value: Callable[[str, str], float]) -> Truth:
    """A subset whose tasks gain the sum over their partners."""
    return lambda subset: {t: sum(pair_value(t, s) for s in subset if s != t) for t in subset}


def friends(one: str, other: str) -> float:
    """a and b help each other, c and d too; across, they hurt."""
    return 0.2 if {one, other} in ({"a", "b"}, {"c", "d"}) else -0.3


def explored(truth: Truth, *, tasks: Subset = TASKS, groups: int | None = 2, batch: int = 3) -> list[Subset]:
    """Everything that is proposed until nothing is."""
    measured: Measured = {tasks: dict(truth(tasks))}
    asked: list[Subset] = []
    while proposals := proposals_of(HigherOrder(), state_of(measured, tasks=tasks, groups=groups), batch):
        assert len(proposals) <= batch
        asked += proposals
        measured |= {subset: dict(truth(subset)) for subset in proposals}
    return asked


def test_all_pairs_come_first():
    asked = explored(additive(friends))
    assert set(asked[:6]) == set(pairs_of(TASKS))


@given(st.data(), st.integers(1, 5), st.none() | st.integers(1, 4))
def test_nothing_is_proposed_twice_or_out_of_order(data, batch, groups):
    value = {pair: data.draw(st.floats(-1, 1)) for pair in itertools.permutations(TASKS, 2)}
    asked = explored(additive(lambda one, other: value[one, other]), groups=groups, batch=batch)
    assert len(asked) == len(set(asked))
    for subset in asked:
        assert subset == tuple(task for task in TASKS if task in subset)
        assert 2 <= len(subset) < len(TASKS)


@pytest.mark.parametrize("n_tasks", [2, 3, 5, 8])
def test_pairs_are_spread_evenly_over_tasks(n_tasks):
    """A search that is cut short must know about as much of every task."""
    tasks = tuple(f"t{i}" for i in range(n_tasks))
    pairs = proposals_of(HigherOrder(), state_of({}, tasks=tasks), 99)
    assert len(pairs) == len(set(pairs)) == n_tasks * (n_tasks - 1) // 2
    for n in range(1, len(pairs) + 1):
        counts = Counter(itertools.chain.from_iterable(pairs[:n]))
        assert max(counts.values()) - min(counts[task] for task in tasks) <= 2


def test_nothing_is_proposed_where_sharing_only_hurts():
    measured = {pair: dict.fromkeys(pair, -0.2) for pair in pairs_of(TASKS)}
    assert proposals_of(HigherOrder(), state_of(measured, groups=None), 10) == []


def test_larger_subsets_are_proposed_where_their_pairs_promise_a_better_grouping():
    """Three friends and a foe, two networks: the friends together."""

    def value(one: str, other: str) -> float:
        return -0.4 if "d" in (one, other) else 0.2 + 0.01 * (one == "a")

    measured = {pair: {pair[0]: value(*pair), pair[1]: value(*pair[::-1])} for pair in pairs_of(TASKS)}
    assert proposals_of(HigherOrder(), state_of(measured), 1) == [("a", "b", "c")]


def test_only_what_is_allowed_is_proposed():
    allowed = {("a", "b"), ("c", "d"), ("b", "c", "d")}
    state = state_of({})
    restricted = State(**{**vars(state), "allowed": lambda arm: arm.subset in allowed})
    assert set(proposals_of(HigherOrder(), restricted, 10)) == {("a", "b"), ("c", "d")}
    measured = {pair: dict.fromkeys(pair, 0.5 if "a" in pair else 0.9) for pair in pairs_of(TASKS)}
    later = State(**{**vars(state_of(measured)), "allowed": lambda arm: arm.subset in allowed})
    assert proposals_of(HigherOrder(), later, 10) == [("b", "c", "d")]


def test_where_pairs_mislead_larger_subsets_are_tried_all_the_same():
    """Predictions of no gain are no reason to stop where predictions have been far too low."""
    measured = {pair: dict.fromkeys(pair, -0.01) for pair in pairs_of(TASKS)}
    assert proposals_of(HigherOrder(), state_of(measured, groups=None), 10) == []
    measured[TASKS] = {"a": 0.5, "b": 0.5, "c": 0.5, "d": -0.5}
    proposed = proposals_of(HigherOrder(), state_of(measured, groups=None), 10)
    assert proposed
    assert all(len(subset) == 3 for subset in proposed)


def test_many_tasks_are_grouped_without_listing_all_their_subsets():
    """Two to the power of sixteen subsets cannot be gone through one by one."""
    tasks = tuple(f"t{i:02}" for i in range(16))

    def value(one: str, other: str) -> float:
        return 0.3 if (one < "t08") == (other < "t08") else -0.3

    measured = {pair: dict.fromkeys(pair, value(*pair)) for pair in pairs_of(tasks)}
    measured[tasks] = dict.fromkeys(tasks, -0.1)
    proposed = proposals_of(HigherOrder(), state_of(measured, tasks=tasks), 2)
    assert sorted(proposed) == [tasks[:8], tasks[8:]]


def test_where_no_measured_grouping_keeps_the_limit_one_that_does_is_tried():
    """The network of all tasks may have failed: two networks must be found that serve all the same."""
    tasks = ("a", "b", "c", "d", "e")
    measured = {pair: dict.fromkeys(pair, -0.2) for pair in pairs_of(tasks)}
    (proposed,) = proposals_of(HigherOrder(), state_of(measured, tasks=tasks), 1)
    assert len(proposed) >= 3
