"""Rules are kept by every solver: a grouping that breaks one could not be deployed."""

from dataclasses import replace

import numpy as np
import pytest
from grouping_cases import DISTINCT_VALUES, exhaustive, ruled_problems, score
from hypothesis import given, settings
from hypothesis import strategies as st

from taskgroup.errors import InfeasibleError, InputError
from taskgroup.grouping import Candidate, Problem, Rules, solve, verify
from taskgroup.spec import GroupingSpec

TASKS = ("a", "b", "c")
ALONE = tuple(Candidate((task,), 1.0, {task: 0.0}) for task in TASKS)
PAIR = Candidate(("a", "b"), 1.0, {"a": 1.0, "b": 1.0})
ALL = Candidate(TASKS, 1.0, dict.fromkeys(TASKS, -1.0))
PROBLEM = Problem(TASKS, (*ALONE, PAIR, ALL), "maximize")


def ruled(rules: Rules, **changes) -> Problem:
    return replace(PROBLEM, rules=rules, **changes)


def networks(problem: Problem) -> list[tuple[str, str]]:
    grouping = solve(problem)
    verify(problem, grouping)
    return [("".join(n.subset), "".join(n.serves)) for n in grouping.networks]


@pytest.mark.parametrize("method", ["auto", "branch_and_bound", "highs"])
@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_every_solver_equals_exhaustive_search_under_rules(method, data):
    """Links, sizes, overlap, importance, risk, ties and limits at once; infeasible ones are refused."""
    problem = data.draw(ruled_problems(values=DISTINCT_VALUES))
    if method == "branch_and_bound" and not problem.rules.overlap:
        return
    best = exhaustive(problem)
    if best is None:
        with pytest.raises(InfeasibleError):
            solve(problem, method=method)
        return
    grouping = solve(problem, method=method)
    assert score(grouping) == pytest.approx(best, abs=2e-9)
    assert grouping.optimal
    verify(problem, grouping)


@settings(max_examples=100, deadline=None)
@given(ruled_problems())
def test_ties_are_broken_by_cost_and_number_under_rules(problem):
    best = exhaustive(problem)
    if best is not None:
        assert score(solve(problem)) == best


def test_linked_tasks_are_served_by_one_network():
    assert networks(ruled(Rules(must_link=(("b", "c"),)))) == [("ab", "a"), ("abc", "bc")]
    assert networks(ruled(Rules(must_link=(("a", "b"), ("b", "c"))))) == [("abc", "abc")]


def test_a_linked_task_may_ride_along_elsewhere():
    """Only serving is linked: a learns with b, and b is served with c."""
    both = Candidate(("b", "c"), 1.0, {"b": 5.0, "c": 5.0})
    problem = Problem(TASKS, (*ALONE, PAIR, both), "maximize", rules=Rules(must_link=(("b", "c"),)))
    assert networks(problem) == [("ab", "a"), ("bc", "bc")]


def test_parted_tasks_do_not_even_train_together():
    """A user parts tasks whose data must not meet."""
    assert networks(ruled(Rules(cannot_link=(("a", "b"),)))) == [("a", "a"), ("b", "b"), ("c", "c")]
    helped = Candidate(("a", "b"), 1.0, {"a": 9.0})
    problem = Problem(TASKS, (*ALONE, helped), "maximize", rules=Rules(cannot_link=(("b", "a", "c"),)))
    assert networks(problem) == [("a", "a"), ("b", "b"), ("c", "c")]


def test_sizes_count_the_tasks_that_train():
    assert networks(ruled(Rules(min_size=2), max_groups=2)) == [("ab", "ab"), ("abc", "c")]
    assert networks(ruled(Rules(max_size=1))) == [("a", "a"), ("b", "b"), ("c", "c")]


def test_without_overlap_the_subsets_divide_the_tasks():
    greedy = Candidate(("b", "c"), 1.0, {"b": 3.0, "c": 3.0})
    problem = Problem(TASKS, (*ALONE, PAIR, greedy, ALL), "maximize", rules=Rules(overlap=False))
    assert networks(problem) == [("a", "a"), ("bc", "bc")]
    assert networks(replace(problem, rules=Rules())) == [("ab", "a"), ("bc", "bc")]


def test_risk_prefers_the_sure_gain():
    unsure = Candidate(("a",), 1.0, {"a": 2.0}, errors={"a": 2.0})
    sure = Candidate(("a",), 0.5, {"a": 1.0}, errors={"a": 0.1})
    problem = Problem(("a",), (unsure, sure), "maximize")
    assert solve(problem).select_total == 2.0
    careful = solve(replace(problem, risk=1.0))
    assert (careful.select_total, careful.bound) == (0.9, 0.9)
    losses = solve(replace(problem, direction="minimize", risk=1.0))
    assert losses.select_total == 1.1


@pytest.mark.parametrize(
    ("rules", "limit", "words"),
    [
        (Rules(must_link=(("a", "b"),), max_size=1), {}, ["max_size 2", "no must_link a+b"]),
        (Rules(min_size=2, cannot_link=(("a", "b"),)), {}, ["min_size 1", "no cannot_link a+b"]),
        (Rules(max_size=2), {"max_groups": 1}, ["max_groups 1", "max_groups 2", "max_size 3"]),
        (Rules(max_size=1), {"budget": 2.0}, ["budget 2", "budget 3", "max_size 2"]),
        (Rules(must_link=(("a", "c"),), overlap=False, max_size=2), {}, ["max_size 3", "no must_link a+c"]),
    ],
)
def test_an_impossible_set_of_rules_names_the_smallest_changes(rules, limit, words):
    """Otherwise a user has to drop rules one by one to find out which are too many."""
    with pytest.raises(InfeasibleError) as error:
        solve(ruled(rules, **limit))
    for word in words:
        assert word in str(error.value)


def test_overlap_is_named_where_it_is_what_is_missing():
    chain = (PAIR, Candidate(("b", "c"), 1.0, {"b": 1.0, "c": 1.0}))
    with pytest.raises(InfeasibleError, match="no overlap; it takes overlap"):
        solve(Problem(TASKS, chain, "maximize", rules=Rules(overlap=False)))


def test_two_rules_that_are_too_many_are_said_to_be():
    rules = Rules(must_link=(("a", "b"), ("b", "c")), max_size=1)
    only_singles = Problem(TASKS, ALONE, "maximize", rules=rules)
    with pytest.raises(InfeasibleError, match="not enough; add candidates"):
        solve(only_singles)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"must_link": (("a",),)}, ["must_link", "['a']", "at least two"]),
        ({"must_link": ("ab",)}, ["must_link", "list of lists"]),
        ({"min_size": 0}, ["min_size is 0", "at least 1"]),
        ({"max_size": 1.5}, ["max_size is 1.5"]),
        ({"min_size": 3, "max_size": 2}, ["min_size 3 exceeds max_size 2"]),
    ],
)
def test_wrong_rules_are_refused(arguments, words):
    with pytest.raises(InputError) as error:
        Rules(**arguments)
    for word in words:
        assert word in str(error.value)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"rules": Rules(must_link=(("a", "bb"),))}, ["must_link", "'bb'", "Known: a, b, c"]),
        (
            {"rules": Rules(must_link=(("a", "b"), ("b", "c")), cannot_link=(("a", "c"),))},
            ["'a'", "'c'", "must_link", "cannot_link"],
        ),
        ({"risk": -1.0}, ["risk is -1.0", "at least 0"]),
        ({"risk": float("nan")}, ["risk is nan"]),
    ],
)
def test_rules_that_do_not_fit_the_tasks_are_refused(changes, words):
    with pytest.raises(InputError) as error:
        replace(PROBLEM, **changes)
    for word in words:
        assert word in str(error.value)


@pytest.mark.parametrize("errors", [{"a": -0.1}, {"a": float("inf")}, {"b": 0.1}])
def test_wrong_standard_errors_are_refused(errors):
    with pytest.raises(InputError, match="standard error"):
        Candidate(("a", "b"), 1.0, {"a": 1.0}, errors=errors)


def test_rules_of_a_study_are_read_and_ask_before_a_subset_is_trained():
    """The search must not spend runs on subsets that can never be chosen."""
    spec = GroupingSpec(cannot_link=[["a", "b"]], must_link=[["c", "d"]], max_size=3, overlap=False)
    rules = Rules.of(spec)
    assert rules == Rules(must_link=(("c", "d"),), cannot_link=(("a", "b"),), max_size=3, overlap=False)
    allowed = [
        rules.allow(subset) for subset in (("a", "c", "d"), ("a", "b"), ("a", "c"), ("a", "e", "c", "d"))
    ]
    assert allowed == [True, False, False, False]


def test_rules_hold_for_many_tasks():
    """Beyond the dynamic programmes, by prices and by HiGHS."""
    rng = np.random.default_rng(0)
    names = tuple(f"t{i}" for i in range(16))
    subsets = {(name,) for name in names} | {names}
    while len(subsets) < 300:
        subsets.add(tuple(sorted(rng.choice(names, rng.integers(2, 6), replace=False), key=names.index)))
    candidates = tuple(
        Candidate(
            subset, 1.0, {task: float(rng.normal()) for task in subset}, errors=dict.fromkeys(subset, 0.1)
        )
        for subset in sorted(subsets)
    )
    rules = Rules(must_link=(("t0", "t5"),), cannot_link=(("t1", "t2"), ("t3", "t4")), max_size=4)
    for overlap in (True, False):
        problem = Problem(
            names, candidates, "maximize", max_groups=8, rules=replace(rules, overlap=overlap), risk=0.5
        )
        first, second = solve(problem), solve(problem, method="highs")
        assert first.select_total == pytest.approx(second.select_total)
        assert first.optimal
        verify(problem, first)
        verify(problem, second)
