"""The default strategy where networks can be trained in several ways, some of them shorter than full."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import numpy as np
import pytest
from suites.strategy_suite import joint

from taskgroup.search.active import Active
from taskgroup.search.arm import Arm, Ways, at_home
from taskgroup.search.pool import climb, known_and_open
from taskgroup.search.strategy import ServingLimit, State
from taskgroup.search.surrogate import Floats, Networks
from taskgroup.spec import Subset

TASKS = tuple("abcde")
TWO = Ways(levels=np.array([[0], [1]]), full=(0, 1), cost=(1.0, 1.0))
SHORT = Ways(levels=np.array([[0], [1]]), full=(0, 0), cost=(1.0, 0.2))
Value = Callable[[Arm], dict[str, float]]
Measured = dict[Arm, dict[str, float]]


def deeper_is_better_for_friends(arm: Arm) -> dict[str, float]:
    """a, b and c help each other, in the second way twice as much; d and e get in the way of all."""
    if len(arm.subset) == 1:
        return {arm.subset[0]: 0.0}
    depth = 1.0 + arm.way
    return {
        task: depth * float(np.mean([_between(task, source) for source in arm.subset if source != task]))
        for task in arm.subset
    }


def _between(target: str, source: str) -> float:
    return 0.15 if {target, source} <= set("abc") else -0.2


def state_of(
    measured: Measured, ways: Ways, *, n_left: float = 99, tasks: Subset = TASKS, seed: int = 0
) -> State:
    return State(
        tasks=tasks,
        values=dict(measured),
        importance={},
        limit=ServingLimit(3),
        cost=lambda _: 1.0,
        n_left=n_left,
        allowed=lambda arm: arm not in measured,
        seed=seed,
        ways=ways,
    )


def searched(value: Value, ways: Ways, *, spent: float, seed: int = 0) -> Measured:
    """Everything measured when the strategy ends or the runs are spent."""
    first = [*((task,) for task in TASKS), TASKS]
    short = [Arm(TASKS, way) for way in ways.short(0)]
    measured = {arm: value(arm) for arm in [*at_home(first), *short]}
    while spent > 0:
        proposed = Active().propose(state_of(measured, ways, n_left=spent, seed=seed), 1)
        if not proposed:
            break
        assert not set(proposed) & set(measured)
        measured |= {arm: value(arm) for arm in proposed}
        spent -= sum(ways.cost[arm.way] for arm in proposed)
    return measured


@pytest.mark.parametrize("seed", range(4))
def test_the_better_way_is_found_and_recommended(seed):
    """Asking which tasks only, and how deep never, would leave half of the gain."""
    measured = searched(deeper_is_better_for_friends, TWO, spent=40, seed=seed)
    assert Arm(("a", "b", "c"), 1) in measured
    assert len(measured) < len(TASKS) + 40, "it ends by itself"


def test_short_runs_are_asked_for_but_never_served():
    """They cost a fifth, and a network is trained at full length before it is recommended."""
    measured = searched(deeper_is_better_for_friends_at_any_length, SHORT, spent=10)
    counts = Counter(arm.way for arm in measured if len(arm.subset) > 1)
    assert counts[1] > 1
    state = state_of(measured, SHORT)
    assert all(arm.way == 0 for arm in Active().expected(state))
    assert all(arm.way == 0 for arm in state.served)
    grouping = state.best_grouping(state.served)
    assert grouping is not None
    assert ("a", "b", "c") in {network.subset for network in grouping.networks}


def deeper_is_better_for_friends_at_any_length(arm: Arm) -> dict[str, float]:
    return deeper_is_better_for_friends(Arm(arm.subset))


def test_short_runs_that_tell_nothing_are_given_up():
    """They are used only as far as they are found to tell of full ones."""

    def value(arm: Arm) -> dict[str, float]:
        if arm.way == 0 or len(arm.subset) == 1:
            return deeper_is_better_for_friends(Arm(arm.subset))
        rng = np.random.default_rng([len(arm.subset), *map(ord, "".join(arm.subset))])
        return {task: float(rng.normal(0, 0.2)) for task in arm.subset}

    measured = list(searched(value, SHORT, spent=12))
    telling = list(searched(deeper_is_better_for_friends_at_any_length, SHORT, spent=12))
    share = [np.mean([arm.way for arm in arms if len(arm.subset) > 1]) for arms in (measured, telling)]
    assert share[0] < share[1]


def test_the_last_runs_look_at_other_ways():
    """A small budget must not end before the depth of the networks in question was looked at."""
    measured = {arm: deeper_is_better_for_friends(arm) for arm in at_home([*((t,) for t in TASKS), TASKS])}
    measured |= {Arm(s): deeper_is_better_for_friends(Arm(s)) for s in [("a", "b"), ("a", "b", "c")]}
    proposed = Active().propose(state_of(measured, TWO, n_left=1), 1)
    assert [arm.way for arm in proposed] == [1]
    assert proposed[0].subset in {arm.subset for arm in measured}


def test_other_ways_are_looked_at_where_every_subset_is_measured():
    """There is nothing else left to measure, but the depth is still open."""
    measured = {
        arm: deeper_is_better_for_friends(arm) for arm in at_home([*((t,) for t in TASKS), *joint(TASKS)])
    }
    proposed = Active().propose(state_of(measured, TWO), 3)
    assert proposed
    assert {arm.way for arm in proposed} == {1}


def test_subsets_that_nobody_measured_are_looked_at_in_the_first_way():
    """Every subset in every way would take many times the runs."""
    measured = {arm: deeper_is_better_for_friends(arm) for arm in at_home([*((t,) for t in TASKS), TASKS])}
    found = known_and_open(state_of(measured, TWO))
    assert {arm.way for arm in found} == {0}
    measured[Arm(("a", "b"), 1)] = {"a": 0.3, "b": 0.3}
    assert Arm(("a", "b"), 1) in known_and_open(state_of(measured, TWO))


def test_climbing_keeps_the_way():
    def values(networks: Networks) -> Floats:
        return np.ones(networks.members.shape)

    start = Networks(np.array([[1.0, 1.0, 0.0]]), np.array([1]), TWO)
    end = climb(start, values, np.zeros(3), np.ones(3))
    assert end.members.tolist() == [[1.0, 1.0, 1.0]]
    assert end.way.tolist() == [1]
