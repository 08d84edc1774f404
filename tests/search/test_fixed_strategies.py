"""Strategies in general, and those that do not learn: baselines must be what their names say."""

from __future__ import annotations

from collections import Counter

import pytest
from suites.strategy_suite import (
    Case,
    StrategySuite,
    by_subset,
    explored,
    in_one_way,
    joint,
    names,
    proposals_of,
)

from taskgroup.errors import InputError
from taskgroup.search.catalog import DEFAULT_STRATEGY, STRATEGIES, strategy_named
from taskgroup.search.fixed import balanced_pairs
from taskgroup.search.strategy import ServingLimit, Strategy, batch_size

CASE = Case("five tasks", n_tasks=5)
OPEN = [s for s in joint(CASE.tasks) if s != CASE.tasks]


class TestEveryStrategy(StrategySuite):
    @pytest.fixture(params=STRATEGIES.values(), ids=STRATEGIES)
    @classmethod
    def strategy(cls, request: pytest.FixtureRequest) -> Strategy:
        return request.param


def asked(name: str, *, batch: int = 1, case: Case = CASE) -> list[tuple[str, ...]]:
    """Everything that is proposed, in its order."""
    measured, ended = explored(STRATEGIES[name], case, batch=batch, rounds=99)
    assert ended
    return [subset for subset in measured if subset not in case.start()]


@pytest.mark.parametrize("batch", [1, 4])
def test_pairs_are_all_pairs_and_nothing_else(batch):
    assert sorted(asked("pairs", batch=batch)) == [s for s in OPEN if len(s) == 2]


@pytest.mark.parametrize("name", ["random", "exhaustive"])
@pytest.mark.parametrize("batch", [1, 4])
def test_random_and_exhaustive_come_to_every_subset(name, batch):
    assert sorted(asked(name, batch=batch)) == sorted(OPEN)


def test_exhaustive_goes_from_small_to_large():
    sizes = [len(subset) for subset in asked("exhaustive")]
    assert sizes == sorted(sizes)


@pytest.mark.parametrize("n_tasks", [5, 14])
def test_random_differs_between_seeds(n_tasks):
    case = Case("any", n_tasks=n_tasks)
    proposals = {
        tuple(proposals_of(STRATEGIES["random"], case.state(case.start(), seed=seed), 3)) for seed in range(5)
    }
    assert len(proposals) == 5


@pytest.mark.parametrize("n_tasks", [4, 11])
def test_random_prefers_no_task(n_tasks):
    case = Case("any", n_tasks=n_tasks)
    state = case.state(case.start())
    counts = Counter(
        task
        for seed in range(60)
        for subset in proposals_of(STRATEGIES["random"], replace_seed(state, seed), 5)
        for task in subset
    )
    assert max(counts.values()) < 1.4 * min(counts[task] for task in case.tasks)


@pytest.mark.parametrize("name", ["pairs", "random", "exhaustive"])
def test_they_believe_what_was_measured_and_nothing_else(name):
    measured = CASE.start()
    assert by_subset(STRATEGIES[name].expected(CASE.state(measured))) == measured


@pytest.mark.parametrize("n_tasks", [1, 2, 3, 6, 7])
def test_pairs_in_balance_are_all_pairs(n_tasks):
    pairs = balanced_pairs(names(n_tasks))
    assert sorted(pairs) == [s for s in joint(names(n_tasks)) if len(s) == 2]


def test_strategies_are_found_by_name_and_the_nearest_name_is_told():
    assert strategy_named(DEFAULT_STRATEGY) is STRATEGIES["active"]
    with pytest.raises(InputError, match=r"no strategy 'actve'; did you mean 'active'\?"):
        strategy_named("actve")


def test_the_best_grouping_keeps_the_limit_or_is_none():
    case = Case("any", limit=ServingLimit(1))
    singles = {s: v for s, v in case.start().items() if len(s) == 1}
    assert case.state({}).best_grouping(in_one_way(singles)) is None
    grouping = case.state({}).best_grouping(in_one_way(case.start()))
    assert grouping is not None
    assert [network.subset for network in grouping.networks] == [case.tasks]


def test_batches_are_small_and_never_empty():
    """With few tasks each run is learned from; with many a look costs more than it teaches."""
    assert {batch_size(n, 100) for n in range(1, 12)} == {1}
    assert batch_size(27, 28) == 4
    assert batch_size(27, 300) == 30


def replace_seed(state, seed):
    from dataclasses import replace

    return replace(state, seed=seed)
