"""A wrong problem is refused with a message that names what is wrong and how to put it right."""

import math

import pytest

from taskgroup.errors import InputError
from taskgroup.grouping import Candidate, Problem, solve

ALONE = Candidate(("a",), 1.0, {"a": 1.0})
BOTH = Candidate(("a", "b"), 1.0, {"a": 2.0, "b": 2.0})


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"subset": ()}, ["subset is empty"]),
        ({"subset": ("a", "a")}, ["'a' twice"]),
        ({"cost": 0.0}, ["row 3", "'a+b'", "0.0", "above 0"]),
        ({"cost": -1.0}, ["-1.0", "above 0"]),
        ({"cost": math.nan}, ["nan"]),
        ({"values": {"a": math.nan}}, ["row 3", "'a+b'", "nan", "'a'", "finite"]),
        ({"values": {"a": math.inf}}, ["inf", "finite"]),
        ({"values": {"c": 1.0}}, ["'c'", "not in its subset", "Known: a, b"]),
    ],
)
def test_wrong_candidate_is_refused(arguments, words):
    with pytest.raises(InputError) as error:
        Candidate(**{"subset": ("a", "b"), "cost": 1.0, "values": {"a": 1.0}, "row": 3, **arguments})
    for word in words:
        assert word in str(error.value)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"tasks": ()}, ["task list is empty"]),
        ({"tasks": ("a", "b", "a")}, ["'a' twice"]),
        ({"direction": "minimise"}, ["'minimise'", "did you mean 'minimize'"]),
        ({"budget": 1.0, "max_groups": 1}, ["budget 1.0", "max_groups 1", "give one"]),
        ({"budget": 0.0}, ["budget is 0.0", "above 0"]),
        ({"budget": math.inf}, ["budget is inf"]),
        ({"max_groups": 0}, ["max_groups is 0", "at least 1"]),
        ({"max_groups": 1.5}, ["max_groups is 1.5", "whole number"]),
        ({"importance": {"aa": 1.0}}, ["'aa'", "Known: a, b"]),
        ({"importance": {"a": 0.0}}, ["'a'", "0.0", "above 0"]),
        ({"candidates": (ALONE,)}, ["no candidate", "'b'"]),
        ({"candidates": ()}, ["no candidate", "'a', 'b'"]),
        ({"tasks": ("a", "depth"), "candidates": (Candidate(("dept",), 1.0, {}),)}, ["did you mean 'depth'"]),
    ],
)
def test_wrong_problem_is_refused(arguments, words):
    with pytest.raises(InputError) as error:
        Problem(**{"tasks": ("a", "b"), "candidates": (ALONE, BOTH), "direction": "minimize", **arguments})
    for word in words:
        assert word in str(error.value)


HALVES = (Candidate(("a",), 0.5, {"a": 1.0}), Candidate(("b",), 0.75, {"b": 1.0}))


@pytest.mark.parametrize(
    ("limit", "words"),
    [
        ({"budget": 1.2}, ["budget 1.2", "smallest feasible budget is 1.25"]),
        ({"max_groups": 1}, ["max_groups 1", "smallest feasible max_groups is 2"]),
    ],
)
def test_infeasible_limit_names_the_smallest_feasible_one(limit, words):
    """Otherwise a user has to guess budgets until one works."""
    with pytest.raises(InputError) as error:
        solve(Problem(("a", "b"), HALVES, "minimize", **limit))
    for word in words:
        assert word in str(error.value)


def test_smallest_feasible_budget_is_found_where_greedy_covering_fails():
    """The greedy cover costs 3 here; a user with budget 2 must still get a grouping."""
    tasks = tuple("abcdef")
    wide = Candidate(tuple("abcd"), 1.0, dict.fromkeys("abcd", 0.0))
    halves = [Candidate(tuple(names), 1.0, dict.fromkeys(names, 0.0)) for names in ("abe", "cdf")]
    assert len(solve(Problem(tasks, (wide, *halves), "minimize", budget=2.0)).networks) == 2
    with pytest.raises(InputError, match="smallest feasible budget is 2"):
        solve(Problem(tasks, (wide, *halves), "minimize", budget=1.9))


def test_uniform_cost_budget_below_one_network_is_refused_as_a_budget():
    with pytest.raises(InputError, match=r"budget 0\.5 .* smallest feasible budget is 1"):
        solve(Problem(("a", "b"), (BOTH,), "minimize", budget=0.5))
