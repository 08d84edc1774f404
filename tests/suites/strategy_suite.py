"""What every strategy must do, whatever it chooses by.

Subclass `StrategySuite` with a `strategy` fixture.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np
import pytest

from taskgroup.search.arm import Arm
from taskgroup.search.strategy import ServingLimit, State, Strategy, Values
from taskgroup.spec import Subset

Measured = dict[Subset, dict[str, float]]


def names(n_tasks: int) -> Subset:
    return tuple(f"t{i:02}" for i in range(n_tasks))


def helped(subset: Subset) -> dict[str, float]:
    """Tasks with even and with odd numbers help their like; single tasks are worth nothing more."""
    if len(subset) == 1:
        return {subset[0]: 0.0}
    return {
        task: float(
            np.mean([0.2 if int(task[1:]) % 2 == int(s[1:]) % 2 else -0.2 for s in subset if s != task])
        )
        for task in subset
    }


def in_one_way(measured: Measured) -> dict[Arm, dict[str, float]]:
    """As a strategy sees it."""
    return {Arm(subset): of_tasks for subset, of_tasks in measured.items()}


def by_subset(values: Values) -> Measured:
    """The reverse."""
    assert all(arm.way == 0 for arm in values)
    return {arm.subset: dict(of_tasks) for arm, of_tasks in values.items()}


def proposals_of(strategy: Strategy, state: State, n: int) -> list[Subset]:
    """The subsets that a strategy proposes in the only way."""
    arms = strategy.propose(state, n)
    assert all(arm.way == 0 for arm in arms)
    return [arm.subset for arm in arms]


def joint(tasks: Subset) -> list[Subset]:
    return [s for size in range(2, len(tasks) + 1) for s in itertools.combinations(tasks, size)]


@dataclass(frozen=True)
class Case:
    """A search to take part in."""

    name: str
    n_tasks: int = 4
    limit: ServingLimit = field(default_factory=lambda: ServingLimit(2))
    cost: Callable[[Subset], float] = lambda _: 1.0
    candidates: tuple[Subset, ...] | None = None
    first: Callable[[Subset], list[Subset]] = lambda tasks: [*((task,) for task in tasks), tasks]
    value: Callable[[Subset], dict[str, float]] = helped
    importance: dict[str, float] = field(default_factory=dict)
    noise: float = 0.0
    refused: frozenset[Subset] = frozenset()
    auxiliary: Subset = ()

    @property
    def main(self) -> Subset:
        return tuple(task for task in self.tasks if task not in self.auxiliary)

    def measure(self, subset: Subset) -> dict[str, float]:
        """What is measured of a subset: nothing of tasks that only ride along."""
        return {task: value for task, value in self.value(subset).items() if task not in self.auxiliary}

    @property
    def tasks(self) -> Subset:
        return names(self.n_tasks)

    def open(self, subset: Subset, measured: Measured) -> bool:
        known = self.candidates is None or subset in self.candidates
        serves = not set(subset) <= set(self.auxiliary)
        return known and serves and subset not in measured and subset not in self.refused

    def state(self, measured: Measured, **changes) -> State:
        state = State(
            tasks=self.tasks,
            values=in_one_way(measured),
            importance=self.importance,
            limit=self.limit,
            cost=lambda arm: self.cost(arm.subset),
            n_left=99,
            allowed=lambda arm: self.open(arm.subset, measured),
            candidates=self.candidates,
            noise=dict.fromkeys(self.main, self.noise) if self.noise else {},
            auxiliary=self.auxiliary,
        )
        return replace(state, **changes)

    def start(self) -> Measured:
        return {s: self.measure(s) for s in self.first(self.main) if s not in self.refused}


def _only(subsets: list[Subset]) -> Callable[[Subset], list[Subset]]:
    return lambda tasks: [s for s in [*((task,) for task in tasks), tasks] if s in subsets]


def _restricted(name: str, subsets: list[Subset], **settings) -> Case:
    return Case(name, candidates=tuple(subsets), first=_only(subsets), **settings)


FOUR = names(4)
_LOSING = ("t00", "t01")
CASES = [
    Case("four tasks"),
    Case("no limit", limit=ServingLimit()),
    Case("one network", limit=ServingLimit(1)),
    Case("more networks than tasks", limit=ServingLimit(9)),
    Case("a budget", limit=ServingLimit(budget=1.4), cost=lambda s: 0.4 + 0.15 * len(s)),
    Case("a tight budget", limit=ServingLimit(budget=1.0), cost=lambda s: 0.4 + 0.15 * len(s)),
    _restricted("no pairs", [s for s in [*((t,) for t in FOUR), *joint(FOUR)] if len(s) != 2]),
    _restricted("no single tasks", joint(FOUR)),
    _restricted("no all-in-one", [*((t,) for t in FOUR), *joint(FOUR)[:-1]], limit=ServingLimit(4)),
    _restricted("candidates that leave no grouping", [*((t,) for t in FOUR), *joint(FOUR)[:3]]),
    _restricted("neither pairs nor all-in-one", [*((t,) for t in FOUR), *joint(FOUR)[6:10]]),
    Case("one task", n_tasks=1),
    Case("two tasks", n_tasks=2),
    Case("three tasks", n_tasks=3, limit=ServingLimit()),
    Case("all values equal", value=lambda s: dict.fromkeys(s, 0.5)),
    Case("scores, not gains", value=lambda s: {t: 0.8 + 0.1 * v for t, v in helped(s).items()}),
    Case("huge values", value=lambda s: {t: 1e9 * v for t, v in helped(s).items()}),
    Case("tiny values", value=lambda s: {t: 1e-9 * v for t, v in helped(s).items()}),
    Case("importance", importance={"t00": 10.0, "t01": 0.1}),
    Case("noise", noise=0.01),
    Case("all-in-one failed", refused=frozenset([FOUR]), limit=ServingLimit(4)),
    Case("all-in-one failed and two networks", refused=frozenset([FOUR])),
    Case("a single task failed", refused=frozenset([("t01",)])),
    Case(
        "a task's value is missing",
        value=lambda s: {t: v for t, v in helped(s).items() if s != FOUR or t > "t00"},
    ),
    Case("a pair may not be trained", refused=frozenset([_LOSING])),
    Case("one task rides along", auxiliary=("t01",)),
    Case("two ride along, out of order", n_tasks=5, auxiliary=("t00", "t03")),
    Case("all but one ride along", auxiliary=("t00", "t02", "t03"), noise=0.01),
    Case("one rides along within a budget", auxiliary=("t02",), limit=ServingLimit(budget=2.0)),
]
LARGE = [
    Case("thirteen tasks", n_tasks=13, limit=ServingLimit(3)),
    Case("twelve tasks without all-in-one", 12, ServingLimit(2), refused=frozenset([names(12)])),
    Case(
        "thirteen tasks with a budget",
        n_tasks=13,
        limit=ServingLimit(budget=3.0),
        cost=lambda s: 0.5 + 0.05 * len(s),
    ),
    Case("thirteen tasks of which three ride along", 13, ServingLimit(3), auxiliary=("t00", "t05", "t12")),
]
EVERY_CASE = pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
EVERY_LARGE_CASE = pytest.mark.parametrize("case", LARGE, ids=lambda case: case.name)


def explored(strategy: Strategy, case: Case, *, batch: int, rounds: int) -> tuple[Measured, bool]:
    """Measure what is proposed, checking every proposal; and whether the strategy ended by itself."""
    measured = case.start()
    for _ in range(rounds):
        proposed = proposals_of(strategy, case.state(measured), batch)
        check_proposal(proposed, case, measured, batch)
        if not proposed:
            return measured, True
        measured |= {subset: case.measure(subset) for subset in proposed}
    return measured, False


def check_proposal(proposed: list[Subset], case: Case, measured: Measured, batch: int) -> None:
    assert len(proposed) == len(set(proposed)) <= batch
    for subset in proposed:
        assert case.open(subset, measured), f"{subset} may not be measured"
        assert subset == tuple(task for task in case.tasks if task in subset)


def check_expected(strategy: Strategy, case: Case, measured: Measured) -> None:
    expected = by_subset(strategy.expected(case.state(measured)))
    for subset, of_tasks in measured.items():
        if len(subset) == 1:
            assert dict(expected[subset]) == of_tasks, "what a task alone was measured at must stand"
    for subset, of_tasks in expected.items():
        assert subset in measured or case.open(subset, measured), f"{subset} is neither measured nor allowed"
        served = set(subset) - set(case.auxiliary)
        assert set(of_tasks) <= served
        assert set(of_tasks) == served or subset in measured
        assert all(math.isfinite(value) for value in of_tasks.values())


class StrategySuite:
    @pytest.fixture
    def strategy(self) -> Strategy:
        raise NotImplementedError("give a strategy")

    @EVERY_CASE
    @pytest.mark.parametrize("batch", [1, 3])
    def test_nothing_is_wasted_and_the_end_is_reached(self, strategy, case, batch):
        """Never what is measured, refused or outside the candidates; never twice; not for ever."""
        measured, ended = explored(strategy, case, batch=batch, rounds=2**case.n_tasks + 1)
        assert ended
        assert set(measured) <= {*joint(case.tasks), *((task,) for task in case.tasks)}

    @EVERY_CASE
    def test_expectations_are_of_what_could_be_used(self, strategy, case):
        check_expected(strategy, case, {s: v for s, v in case.start().items() if len(s) == 1})
        check_expected(strategy, case, case.start())
        measured, _ = explored(strategy, case, batch=2, rounds=3)
        check_expected(strategy, case, measured)
        every = [s for s in joint(case.tasks) if s not in case.refused and not set(s) <= set(case.auxiliary)]
        check_expected(strategy, case, {s: case.measure(s) for s in every})

    @EVERY_CASE
    def test_the_same_state_gives_the_same_proposals(self, strategy, case):
        """A resumed search must go on as the interrupted one would have."""
        measured, _ = explored(strategy, case, batch=2, rounds=2)
        first, second = (strategy.propose(case.state(measured), 2) for _ in range(2))
        assert first == second
        expected = [strategy.expected(case.state(measured)) for _ in range(2)]
        assert expected[0] == expected[1]

    @EVERY_CASE
    def test_the_state_is_left_as_it_was(self, strategy, case):
        measured = case.start()
        before = {subset: dict(values) for subset, values in measured.items()}
        state = case.state(measured)
        strategy.propose(state, 2)
        strategy.expected(state)
        assert by_subset(state.values) == before

    @EVERY_CASE
    def test_nothing_is_left_to_propose_when_everything_is_measured(self, strategy, case):
        singles: list[Subset] = [(task,) for task in case.main]
        measured = {s: case.measure(s) for s in [*singles, *joint(case.tasks)] if case.open(s, {})}
        assert strategy.propose(case.state(measured), 5) == []

    @EVERY_CASE
    def test_every_seed_is_obeyed(self, strategy, case):
        """Another seed may choose otherwise, but not what it may not."""
        measured = case.start()
        for seed in range(4):
            proposed = proposals_of(strategy, case.state(measured, seed=seed), 2)
            check_proposal(proposed, case, measured, 2)

    @EVERY_LARGE_CASE
    def test_many_tasks_are_searched_without_listing_all_their_subsets(self, strategy, case):
        measured, ended = explored(strategy, case, batch=2, rounds=2)
        assert not ended
        check_expected(strategy, case, measured)

    def test_a_proposal_among_thirty_tasks_does_not_list_all_their_subsets(self, strategy):
        """There are a thousand million of them."""
        case = Case("thirty tasks", n_tasks=30, limit=ServingLimit(5))
        check_proposal(proposals_of(strategy, case.state(case.start()), 3), case, case.start(), 3)

    def test_restrictions_hold_where_tasks_are_many(self, strategy):
        """Where subsets are drawn or grown, most are not allowed."""
        tasks = names(14)
        candidates = ((*tasks[:3],), (*tasks[3:8],), (*tasks[8:],), (*tasks[:8],), (tasks[0], tasks[13]))
        case = Case("few of many", 14, ServingLimit(3), candidates=candidates)
        _, ended = explored(strategy, case, batch=2, rounds=6)
        assert ended
        refusing = replace(case, candidates=None, refused=frozenset())
        state = replace(refusing.state(case.start()), allowed=lambda arm: arm.subset in candidates)
        assert set(proposals_of(strategy, state, 3)) <= set(candidates)
