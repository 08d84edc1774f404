"""The chosen grouping is the best one: a wrong solver would recommend the wrong networks to train."""

import itertools
import time
from dataclasses import replace

import numpy as np
import pytest
from grouping_cases import DISTINCT_VALUES, all_subsets, exhaustive, problems, score
from hypothesis import given, settings
from hypothesis import strategies as st

from taskgroup.grouping import Candidate, Grouping, Problem, solve, verify
from taskgroup.grouping.cover import feasible_cover
from taskgroup.grouping.front_program import solve_by_fronts
from taskgroup.grouping.regret import RegretTable
from taskgroup.grouping.stages import improved
from taskgroup.grouping.subset_program import solve_by_subsets
from taskgroup.spec import Sharing


def by_highs(problem: Problem, **options) -> Grouping:
    return solve(problem, method="highs", **options)


def by_prices(problem: Problem, **options) -> Grouping:
    return solve(problem, method="branch_and_bound", **options)


@settings(max_examples=150, deadline=None)
@given(problems())
def test_equals_exhaustive_search_with_ties(problem):
    """Total, then cost, then number of networks; overlap, ride-along and tied decimals included."""
    grouping = solve(problem)
    assert score(grouping) == exhaustive(problem)
    assert grouping.optimal
    verify(problem, grouping)


@pytest.mark.parametrize("solver", [by_prices, by_highs])
@settings(max_examples=80, deadline=None)
@given(problem=problems())
def test_solvers_for_many_tasks_equal_exhaustive_search_with_ties(solver, problem):
    """Tolerances of HiGHS, or of bounds on prices, must not leak into the answer."""
    grouping = solver(problem)
    assert score(grouping) == exhaustive(problem)
    assert grouping.optimal
    verify(problem, grouping)


@settings(max_examples=50, deadline=None)
@given(problems(values=DISTINCT_VALUES))
def test_front_program_serves_without_a_budget_too(problem):
    """Both dynamic programmes agree where both apply."""
    table = RegretTable.of(replace(problem, budget=None, max_groups=None))
    fronts, subsets = solve_by_fronts(table), solve_by_subsets(table)
    assert fronts.regret == pytest.approx(subsets.regret, abs=1e-9)
    assert len(set(fronts.servers)) == len(set(subsets.servers))


@pytest.mark.parametrize(
    ("costs", "limit"),
    [
        ("one", {"max_groups": 3}),
        ("one", {"budget": 2.5}),
        ("size", {"budget": 4.0}),
        ("any", {"budget": 2.5}),
    ],
)
def test_programmes_agree_on_every_subset_of_seven_tasks(costs, limit):
    problem = all_subsets(7, seed=1, costs=costs, **limit)
    groupings = [solver(problem) for solver in (solve, by_prices, by_highs)]
    assert score(groupings[0]) == score(groupings[1]) == score(groupings[2])
    for grouping in groupings:
        verify(problem, grouping)


@pytest.mark.parametrize(
    ("costs", "limit"), [("one", {"max_groups": 3}), ("size", {"budget": 5.0}), ("any", {"budget": 3.0})]
)
def test_nine_tasks_take_under_a_second(costs, limit):
    """The search solves such a problem after every cohort."""
    problem = all_subsets(9, seed=0, costs=costs, **limit)
    start = time.process_time()
    assert solve(problem).optimal
    assert time.process_time() - start < 1.0


def test_a_network_may_train_tasks_that_another_one_serves():
    """Standley's optimum needs it: b helps a, but is served better by its own network."""
    both = Candidate(("a", "b"), 1.0, {"a": 1.0, "b": 9.0})
    alone = Candidate(("b",), 0.5, {"b": 2.0})
    grouping = solve(Problem(("a", "b"), (both, alone), "minimize", budget=1.5))
    assert [(n.subset, n.serves, n.cost) for n in grouping.networks] == [
        (("a", "b"), ("a",), 1.0),
        (("b",), ("b",), 0.5),
    ]
    assert (grouping.cost, grouping.select_total, grouping.bound, grouping.optimal) == (1.5, 3.0, 3.0, True)


def test_networks_stand_in_task_order_and_keep_their_settings():
    """What a user trains next is read from these fields."""
    settings_of = {"sharing": Sharing("hard", 2), "weighting": "equal", "hyperparameters": {"lr": 0.1}}
    late = Candidate(("c", "b"), 1.0, {"b": 1.0, "c": 1.0}, **settings_of)
    first = Candidate(("a",), 1.0, {"a": 1.0})
    grouping = solve(Problem(("a", "b", "c"), (late, first), "maximize"))
    assert [network.subset for network in grouping.networks] == [("a",), ("b", "c")]
    assert grouping.networks[1].sharing == Sharing("hard", 2)
    assert grouping.networks[1].weighting == "equal"
    assert grouping.networks[1].hyperparameters == {"lr": 0.1}


@pytest.mark.parametrize("solver", [solve, by_prices, by_highs])
def test_a_tiny_advantage_is_not_traded_for_a_lower_cost(solver):
    """Breaking ties by a perturbation of the objective would choose the cheap network here."""
    cheap = Candidate(("a",), 0.01, {"a": 1.0 + 1e-7})
    dear = Candidate(("a",), 100.0, {"a": 1.0})
    assert solver(Problem(("a",), (cheap, dear), "minimize")).cost == 100.0


@pytest.mark.parametrize("solver", [solve, by_prices, by_highs])
def test_budget_is_kept_beyond_the_solvers_tolerance(solver):
    """HiGHS alone lets a budget be exceeded by one part in a million."""
    alone = [Candidate((task,), 0.5000001, {task: 0.0}) for task in "ab"]
    both = Candidate(("a", "b"), 1.0, {"a": 1.0, "b": 1.0})
    problem = Problem(("a", "b"), (*alone, both), "minimize", budget=1.0)
    assert solver(problem).cost == 1.0


@pytest.mark.parametrize("solver", [solve, by_prices, by_highs])
def test_budget_admits_costs_that_sum_to_it_up_to_rounding(solver):
    """0.1 + 0.1 + 0.1 > 0.3 in floating point."""
    alone = [Candidate((task,), 0.1, {task: 0.0}) for task in "abc"]
    problem = Problem(
        ("a", "b", "c"),
        (*alone, Candidate(("a", "b", "c"), 0.2, dict.fromkeys("abc", 1.0))),
        "minimize",
        budget=0.3,
    )
    assert len(solver(problem).networks) == 3


@pytest.mark.parametrize("solver", [solve, by_prices, by_highs])
def test_outlying_values_do_not_blur_the_others(solver):
    """One diverged run with a loss of 1e12 must not hide differences of 1e-6 between the rest."""
    rows = [Candidate(("a", "b"), 1.0, {"a": 1.0 + i * 1e-6, "b": 1.0}) for i in (3, 1, 2)]
    diverged = Candidate(("a", "b"), 1.0, {"a": 1e12, "b": 1e12})
    grouping = solver(Problem(("a", "b"), (diverged, *rows), "minimize", max_groups=1))
    assert grouping.select_total == pytest.approx(2.000001, abs=1e-9)


@settings(max_examples=60, deadline=None)
@given(problems(values=DISTINCT_VALUES), st.permutations(range(4)))
def test_relabelling_tasks_permutes_the_result(problem, order):
    """The answer must not depend on how tasks are called or listed."""
    names = dict(zip("abcd", ["w", "x", "y", "z"], strict=True))
    tasks = tuple(problem.tasks[i] for i in order if i < len(problem.tasks))
    candidates = tuple(
        Candidate(
            tuple(names[t] for t in c.subset), c.cost, {names[t]: value for t, value in c.values.items()}
        )
        for c in problem.candidates
    )
    renamed = replace(
        problem,
        tasks=tuple(names[t] for t in tasks),
        candidates=candidates,
        importance={names[t]: weight for t, weight in problem.importance.items()},
    )
    before, after = solve(problem), solve(renamed)
    assert score(after) == score(before)
    if _is_unique(problem, before):
        served = {frozenset(names[t] for t in n.serves) for n in before.networks}
        assert {frozenset(n.serves) for n in after.networks} == served


def _is_unique(problem: Problem, grouping: Grouping) -> bool:
    """Whether no other grouping ties: no two candidates share a value of a task."""
    values = [(t, v) for c in problem.candidates for t, v in c.values.items()]
    return len(set(values)) == len(values)


@settings(max_examples=60, deadline=None)
@given(problems(values=DISTINCT_VALUES), st.sampled_from([1e-9, 0.25, 3.0, 1e9]))
def test_scaling_values_keeps_the_grouping(problem, factor):
    """Loss in nats or bits, error in percent or shares: the same networks."""
    scaled = replace(
        problem,
        candidates=tuple(
            replace(c, values={t: factor * value for t, value in c.values.items()})
            for c in problem.candidates
        ),
    )
    before, after = solve(problem), solve(scaled)
    assert after.select_total == pytest.approx(factor * before.select_total, rel=1e-9, abs=1e-9 * factor)
    if _is_unique(problem, before):
        assert [(n.subset, n.serves) for n in after.networks] == [
            (n.subset, n.serves) for n in before.networks
        ]


@settings(max_examples=60, deadline=None)
@given(problems(), st.sampled_from([0.05, 0.4, 2.0]))
def test_a_larger_limit_is_never_worse(problem, more):
    """A user who pays for more serving must not get a worse grouping."""
    larger = replace(
        problem,
        budget=None if problem.budget is None else problem.budget + more,
        max_groups=None if problem.max_groups is None else problem.max_groups + 1,
    )
    better, worse = solve(larger).select_total, solve(problem).select_total
    assert better >= worse - 1e-9 if problem.direction == "maximize" else better <= worse + 1e-9


@settings(max_examples=60, deadline=None)
@given(problems())
def test_swaps_never_beat_exact(problem):
    table = RegretTable.of(problem)
    servers = improved(table, feasible_cover(table))
    used = np.unique(servers)
    assert table.fits(table.cost[used].sum(), len(used))
    assert table.total(servers) >= table.total(_servers(table, solve(problem))) - 1e-9


def _servers(table: RegretTable, grouping: Grouping) -> np.ndarray:
    """The rows of the networks, as far as total regret goes."""
    best = min(
        (
            chosen
            for chosen in itertools.combinations(range(len(table.cost)), len(grouping.networks))
            if table.fits(table.cost[list(chosen)].sum(), len(chosen))
        ),
        key=lambda chosen: table.regret[list(chosen)].min(axis=0).sum(),
    )
    return table.servers(best)


@pytest.mark.parametrize("seconds", [0.0, 0.05])
@pytest.mark.parametrize("costs", ["one", "any"])
@pytest.mark.parametrize("solver", [by_prices, by_highs])
def test_a_time_limit_returns_the_incumbent_and_a_valid_bound(seconds, costs, solver):
    """A user in a hurry gets a grouping and an honest account of what is not proven."""
    problem = all_subsets(8, seed=2, costs=costs, budget=3.0)
    hurried = solver(problem, time_limit_seconds=seconds)
    best = solve(problem)
    verify(problem, hurried)
    assert hurried.select_total <= best.select_total + 1e-9
    assert hurried.bound >= best.select_total - 1e-9
    if seconds == 0.0:
        assert not hurried.optimal


def test_the_answer_is_the_same_each_time():
    problem = all_subsets(6, seed=3, costs="size", budget=4.0)
    assert solve(problem) == solve(problem)
    assert by_highs(problem) == by_highs(problem)
    assert by_prices(problem) == by_prices(problem)


@settings(max_examples=30, deadline=None)
@given(problems())
def test_document_round_trip(problem):
    """A grouping written to the database or a JSON file is read back equal."""
    grouping = solve(problem)
    assert Grouping.from_document(grouping.document()) == grouping
    filled = replace(
        grouping,
        networks=tuple(
            replace(n, sharing=Sharing("hard", 1), weighting="equal", hyperparameters={"learning_rate": 1e-3})
            for n in grouping.networks
        ),
        report_total=1.5,
        gain=0.1,
        low=-0.1,
        high=0.3,
        baseline_gains={"single_task": 0.0, "all_in_one": None},
        versus={"all_in_one": {"gain": 0.1, "low": None, "high": 0.2}},
        confirmed=True,
        verdict="Train it.",
    )
    assert Grouping.from_document(filled.document()) == filled
