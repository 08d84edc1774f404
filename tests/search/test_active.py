"""The default strategy on planted truth: it must find the groups, with few runs, and know when to stop."""

from __future__ import annotations

import numpy as np
import pytest
from suites.strategy_suite import Measured, by_subset, in_one_way, joint, names, proposals_of

from taskgroup.search.active import Active
from taskgroup.search.arm import at_home
from taskgroup.search.fixed import Random
from taskgroup.search.replay import MeasuredTable, ReplaySettings, replay_strategy
from taskgroup.search.strategy import ServingLimit, State
from taskgroup.search.surrogate import Networks
from taskgroup.search.surrogate.components import COMPONENTS
from taskgroup.search.surrogate.paths import draw_prior
from taskgroup.spec import Subset

TASKS = tuple("abcdef")


def planted(groups: list[str] | list[Subset]):
    """Within a group tasks help each other, the more the better; others get in the way."""
    group_of = {task: set(group) for group in groups for task in group}

    def value(subset: Subset) -> dict[str, float]:
        others = max(1, len(subset) - 1)
        friends = {task: len(group_of[task] & set(subset)) - 1 for task in subset}
        return {
            task: 0.3 * n / others - 0.3 * (len(subset) - 1 - n) / others + 0.02 * n
            for task, n in friends.items()
        }

    return value


def state_of(tasks: Subset, measured: Measured, **changes) -> State:
    settings = {
        "tasks": tasks,
        "values": in_one_way(measured),
        "importance": {},
        "limit": ServingLimit(2),
        "cost": lambda _: 1.0,
        "n_left": 99,
        "allowed": lambda arm: arm.subset not in measured,
    }
    return State(**{**settings, **changes})


def searched(value, tasks: Subset, *, runs: int = 99, **changes) -> Measured:
    """Everything measured when the strategy ends, or the joint runs are spent."""
    measured: Measured = {s: value(s) for s in [*((task,) for task in tasks), tasks]}
    while len(measured) - len(tasks) < runs:
        proposed = proposals_of(Active(), state_of(tasks, measured, **changes), 1)
        if not proposed:
            break
        measured |= {subset: value(subset) for subset in proposed}
    return measured


def recommended(measured: Measured, tasks: Subset, **changes) -> list[Subset]:
    state = state_of(tasks, measured, **changes)
    grouping = state.best_grouping(Active().expected(state))
    assert grouping is not None
    return sorted(network.subset for network in grouping.networks)


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_planted_groups_are_found_with_fewer_runs_than_there_are_pairs(seed):
    measured = searched(planted(["abc", "def"]), TASKS, runs=10, seed=seed)
    assert recommended(measured, TASKS) == [("a", "b", "c"), ("d", "e", "f")]


def test_it_ends_by_itself_when_the_groups_are_known():
    measured = searched(planted(["abc", "def"]), TASKS)
    assert len(measured) - len(TASKS) < 20 < len(joint(TASKS))


@pytest.mark.parametrize("level", [0.0, 0.5, -1e6])
def test_it_ends_by_itself_where_joint_training_changes_nothing(level):
    """Runs that cannot change the recommendation are a waste."""
    measured = searched(lambda subset: dict.fromkeys(subset, level), TASKS)
    assert len(measured) < len(joint(TASKS))


def test_a_network_of_all_is_recommended_where_every_task_helps_every_other():
    measured = searched(planted([TASKS]), TASKS)
    assert recommended(measured, TASKS) == [TASKS]


def test_single_tasks_are_recommended_where_all_get_in_the_way():
    tasks = TASKS[:4]
    measured = searched(planted(list(tasks)), tasks, limit=ServingLimit(None))
    assert recommended(measured, tasks, limit=ServingLimit(None)) == [(task,) for task in tasks]


def test_a_budget_is_kept_by_what_it_looks_for():
    def dear(subset: Subset) -> float:
        return 2.0 if len(subset) == 3 else 1.0

    limit = ServingLimit(budget=2.0)
    measured = searched(
        planted(["abc", "def"]), TASKS, runs=25, limit=limit, cost=lambda arm: dear(arm.subset)
    )
    found = recommended(measured, TASKS, limit=limit, cost=lambda arm: dear(arm.subset))
    assert sum(map(dear, found)) <= 2.0


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_importance_decides_between_tasks(seed):
    """With everything measured the recommendation is the best one by the weights."""
    table = drawn_table(seed, n_tasks=4)
    changes = {"importance": dict(zip(table.tasks, (10.0, 0.1, 1.0, 3.0), strict=True))}
    measured = {subset: dict(of_tasks) for subset, of_tasks in table.report.items()}
    grouping = state_of(table.tasks, measured, **changes).best_grouping(in_one_way(measured))
    assert grouping is not None
    believed = state_of(table.tasks, measured, **changes).best_grouping(
        Active().expected(state_of(table.tasks, measured, noise=dict.fromkeys(table.tasks, 1e-9), **changes))
    )
    assert believed is not None
    assert believed.select_total == pytest.approx(grouping.select_total, abs=0.02)


def test_another_seed_may_look_elsewhere():
    value = planted(["abc", "def"])
    measured: Measured = {s: value(s) for s in [*((task,) for task in TASKS), TASKS]}
    first = {tuple(proposals_of(Active(), state_of(TASKS, measured, seed=seed), 2)) for seed in range(8)}
    assert len(first) > 1


def test_the_recommendation_gets_better_with_runs_and_beats_chance():
    """On average: each table is a function of the prior with its own strengths."""
    tables = [drawn_table(seed) for seed in range(6)]
    curves = {
        strategy: np.array([shares(table, strategy, seed) for seed, table in enumerate(tables)]).mean(axis=0)
        for strategy in (Active(), Random())
    }
    active, chance = curves.values()
    assert (np.diff(active) > -0.12).all()
    assert active[-1] > active[0] + 0.3
    assert active[4:].mean() > chance[4:].mean()


def test_noise_is_averaged_out_rather_than_believed():
    """Where differences are mere noise, what was measured is a poor guess of what it will be."""
    rng = np.random.default_rng(0)
    tasks = TASKS[:5]
    measured: Measured = {(task,): {task: 0.0} for task in tasks}
    measured |= {s: {task: float(rng.normal(0, 0.1)) for task in s} for s in joint(tasks)[::2]}
    noisy = by_subset(Active().expected(state_of(tasks, measured, noise=dict.fromkeys(tasks, 0.01))))
    seen = [(s, task) for s in measured if len(s) > 1 for task in s]
    believed, measured_at = (np.array([v[s][task] for s, task in seen]) for v in (noisy, measured))
    assert (believed**2).mean() < 0.5 * (measured_at**2).mean()


def test_many_tasks_are_grouped_without_going_through_their_subsets():
    """Twenty-seven tasks have 134 million subsets; forty of eight tasks tell who belongs together."""
    tasks = names(27)
    value = planted([tasks[:9], tasks[9:18], tasks[18:]])
    rng = np.random.default_rng(0)
    some = [tuple(tasks[place] for place in sorted(rng.permutation(27)[:8])) for _ in range(40)]
    measured: Measured = {s: value(s) for s in [*((task,) for task in tasks), tasks, *some[:10]]}
    limit = ServingLimit(3)
    proposed = proposals_of(Active(), state_of(tasks, measured, limit=limit), 2)
    assert len(proposed) == len(set(proposed)) == 2
    assert all(subset not in measured for subset in proposed)
    measured |= {subset: value(subset) for subset in some}
    networks = [value(network) for network in recommended(measured, tasks, limit=limit)]
    realised = sum(max(network.get(task, -1.0) for network in networks) for task in tasks)
    assert realised > 0.6 * sum(value(tasks[:9]).values()) * 3
    assert realised > 2 * sum(value(tasks).values())


def drawn_table(seed: int, n_tasks: int = 5) -> MeasuredTable:
    rng = np.random.default_rng(seed)
    tasks = names(n_tasks)
    variance = np.array([c.share for c in COMPONENTS]) * np.exp(rng.normal(size=len(COMPONENTS)))
    subsets = joint(tasks)
    truth = draw_prior(COMPONENTS, variance, n_tasks, 1, rng).at(Networks.of(at_home(subsets), tasks))[0]
    values = {(task,): {task: 0.0} for task in tasks}
    values |= {
        s: {task: float(row[tasks.index(task)]) for task in s} for s, row in zip(subsets, truth, strict=True)
    }
    return MeasuredTable(tasks, {s: [of_tasks] for s, of_tasks in values.items()}, values)


def shares(table: MeasuredTable, strategy, seed: int) -> np.ndarray:
    result = replay_strategy(table, strategy, ReplaySettings(runs=20, groups=2), seeds=[seed])
    return result.curve["share"].to_numpy()
