"""The checker finds every way in which a grouping can be wrong, so that a solver's bug cannot hide."""

from dataclasses import replace

import pytest

from taskgroup.errors import TaskgroupError
from taskgroup.grouping import Candidate, CertificateError, Network, Problem, Rules, solve, verify

PROBLEM = Problem(
    ("a", "b"),
    (
        Candidate(("a", "b"), 1.0, {"a": 1.0, "b": 9.0}),
        Candidate(("b",), 0.5, {"b": 2.0}),
        Candidate(("a",), 1.0, {"a": 3.0}),
    ),
    "minimize",
    budget=1.5,
)
GOOD = solve(PROBLEM)
FIRST, SECOND = GOOD.networks


@pytest.mark.parametrize(
    ("condition", "changes"),
    [
        ("served once", {"networks": (FIRST,)}),
        ("served once", {"networks": (FIRST, replace(SECOND, serves=("b", "a"), subset=("a", "b")))}),
        ("served once", {"networks": (FIRST, replace(SECOND, serves=("b", "x"), subset=("b", "x")))}),
        ("within subset", {"networks": (replace(FIRST, subset=("b",)), SECOND)}),
        ("within subset", {"networks": (FIRST, SECOND, Network(("a",), (), 1.0))}),
        ("cost", {"cost": 1.0}),
        ("limit", {"networks": (FIRST, replace(SECOND, cost=1.0)), "cost": 2.0}),
        ("candidate", {"networks": (FIRST, replace(SECOND, cost=0.25)), "cost": 1.25}),
        ("candidate", {"networks": (FIRST, replace(SECOND, weighting="equal"))}),
        ("select_total", {"select_total": 2.9, "bound": 2.9}),
        ("bound", {"bound": 3.5}),
        ("bound", {"bound": 2.5}),
        ("bound", {"bound": None}),
    ],
)
def test_a_broken_grouping_is_refused_by_the_condition_it_breaks(condition, changes):
    with pytest.raises(CertificateError) as error:
        verify(PROBLEM, replace(GOOD, **changes))
    assert error.value.condition == condition
    assert isinstance(error.value, TaskgroupError)


def test_too_many_networks_are_refused():
    with pytest.raises(CertificateError, match="2 networks exceed max_groups 1"):
        verify(replace(PROBLEM, budget=None, max_groups=1), GOOD)


def test_an_unproven_grouping_may_miss_its_bound_in_the_right_direction():
    verify(PROBLEM, replace(GOOD, bound=2.5, optimal=False))
    verify(PROBLEM, replace(GOOD, bound=None, optimal=False))
    with pytest.raises(CertificateError, match="better than the bound"):
        verify(PROBLEM, replace(GOOD, bound=3.5, optimal=False))


RULED = Problem(
    ("a", "b", "c"),
    (
        Candidate(("a", "b"), 1.0, {"a": 1.0, "b": 1.0}, errors={"a": 0.5}),
        Candidate(("b", "c"), 1.0, {"b": 2.0, "c": 2.0}),
        Candidate(("c",), 1.0, {"c": 1.0}),
    ),
    "maximize",
)
OVERLAPPING = solve(RULED)
"""a from a+b; b and c from b+c."""


@pytest.mark.parametrize(
    ("condition", "rules"),
    [
        ("must_link", Rules(must_link=(("a", "b"),))),
        ("cannot_link", Rules(cannot_link=(("a", "b"),))),
        ("min_size", Rules(min_size=3)),
        ("max_size", Rules(max_size=1)),
        ("overlap", Rules(overlap=False)),
    ],
)
def test_a_broken_rule_is_found(condition, rules):
    verify(RULED, OVERLAPPING)
    with pytest.raises(CertificateError) as error:
        verify(replace(RULED, rules=rules), OVERLAPPING)
    assert error.value.condition == condition


def test_training_twice_is_overlap_even_where_everything_trained_is_served():
    first = Network(("a", "b"), ("a", "b"))
    doubled = replace(OVERLAPPING, networks=(first, Network(("b", "c"), ("c",))))
    with pytest.raises(CertificateError, match="'b' trains without being served there"):
        verify(replace(RULED, rules=Rules(overlap=False)), doubled)


def test_totals_that_leave_out_the_risk_are_refused():
    with pytest.raises(CertificateError, match="select_total"):
        verify(replace(RULED, risk=1.0), OVERLAPPING)
    verify(replace(RULED, risk=1.0), solve(replace(RULED, risk=1.0)))
