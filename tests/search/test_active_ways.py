"""The default strategy where networks can be trained in several ways, some of them shorter than full."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import numpy as np
import pytest
from suites.strategy_suite import names

from taskgroup.search.active import Active
from taskgroup.search.arm import Arm, Ways, at_home
from taskgroup.search.pool import climb, known_and_open, lists_all
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


def test_many_ways_of_many_tasks_are_not_listed():
    tasks = names(10)
    many = Ways(levels=np.arange(8)[:, None], full=tuple(range(8)), cost=(1.0,) * 8)
    measured = {Arm((task,)): {task: 0.0} for task in tasks} | {Arm(tasks): dict.fromkeys(tasks, 0.1)}
    state = state_of(measured, many, tasks=tasks)
    assert not lists_all(state)
    assert lists_all(state_of(measured, TWO, tasks=tasks))
    found = known_and_open(state)
    assert len(found) < 2000
    assert {arm.way for arm in found} == set(range(8))
    proposed = Active().propose(state, 2)
    assert len(set(proposed)) == 2


def test_climbing_changes_the_way_where_that_helps():
    def values(networks: Networks) -> Floats:
        return np.where(networks.way[:, None] == 1, 1.0, 0.5) * np.ones(networks.members.shape)

    start = Networks(np.ones((1, 3)), ways=TWO)
    end = climb(start, values, np.zeros(3), np.ones(3))
    assert end.way.tolist() == [1]
