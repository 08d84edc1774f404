"""Serving cost: a budget is kept or broken by it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from planted import document

from taskgroup.errors import InputError
from taskgroup.search import affordable_sharings
from taskgroup.search.cost import serving_cost
from taskgroup.spec import Sharing, parse_study

sizes = st.integers(1, 100)


def cost(depth: int, n_tasks: int, n_inputs: int = 10, widths: tuple[int, ...] = (20, 30)) -> float:
    return serving_cost(n_inputs, widths, Sharing("hard", depth), names(n_tasks))


def names(n: int) -> tuple[str, ...]:
    return tuple(f"t{i}" for i in range(n))


def test_by_hand():
    """Blocks of 10·20 and 20·30 multiply-adds: branching after the first leaves 600 of 800 private."""
    assert cost(2, 5) == 1.0
    assert cost(1, 5) == pytest.approx((200 + 5 * 600) / 800)
    assert cost(0, 5) == 5.0
    assert [cost(depth, 1) for depth in (0, 1, 2)] == [1.0, 1.0, 1.0]


@given(sizes, st.lists(sizes, min_size=1, max_size=4), st.integers(1, 10))
def test_sharing_more_costs_less(n_inputs, widths, n_tasks):
    depths = range(len(widths) + 1)
    costs = [serving_cost(n_inputs, widths, Sharing("hard", d), names(n_tasks)) for d in depths]
    assert costs == sorted(costs, reverse=True)
    assert costs[0] == pytest.approx(n_tasks)
    assert costs[-1] == 1.0


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("soft", 2.0),  # an encoder for each of the two served tasks
        ("cross_stitch", 3.0),  # mixed from the encoders of all three
        ("mmoe", 4.0),
        ('mmoe {"experts": 2}', 2.0),
        ("cgc", 4.0),  # two shared experts, one of each served task
        ("ple", 4.25),  # the first block's experts are mixed for the others, of all tasks
        ('ple {"shared": 0}', 2.0),
        ("decision", 1.0),
        ('low_supervision {"attach": {"t0": 1}}', 1.0),
        ('tree {"branches": {"1": [["t0"], ["t1", "t2"]]}}', 1.75),  # the second block twice
    ],
)
def test_copies_of_blocks_count(kind, expected):
    """A budget would be broken by networks that need more encoders than one to serve."""
    sharing = Sharing(kind, 2)
    assert serving_cost(10, (20, 30), sharing, names(3), names(3)[:2]) == pytest.approx(expected)


def test_depths_beyond_the_budget_are_left_out():
    """Else tuning could choose a depth at which no grouping may be recommended."""
    sections = {"model": {"widths": [20, 30]}, "search": {"sharing": {"depth": [0, 1, 2]}}}
    study = parse_study(document("memory", **sections, grouping={"budget": 3.5}))
    assert affordable_sharings(study, 10).depths == (1, 2)
    unlimited = parse_study(document("memory", **sections, grouping={"max_groups": 1}))
    assert affordable_sharings(unlimited, 10).depths == (0, 1, 2)


@pytest.mark.parametrize(("budget", "depth"), [(0.9, [2]), (3.0, [0, 1])])
def test_a_budget_that_nothing_fits_is_refused(budget, depth):
    sections = {"model": {"widths": [20, 30]}, "search": {"sharing": {"depth": depth}}}
    study = parse_study(document("memory", **sections, grouping={"budget": budget}))
    with pytest.raises(InputError, match=r"grouping\.budget"):
        affordable_sharings(study, 10)


def test_trees_cost_their_branches_and_low_heads_no_more_than_one_network():
    """A budget would be spent on blocks that are not served, or overdrawn."""
    tree = Sharing('tree {"branches": {"1": [["a", "b"], ["c"]]}}', 2)
    low = Sharing('low_supervision {"attach": {"a": 1, "b": 1}}', 2)
    sizes, tasks = (10, [10, 10]), ("a", "b", "c")
    assert serving_cost(*sizes, tree, tasks) == 1.5
    assert serving_cost(*sizes, tree, tasks, ("a", "b")) == 1.0
    assert serving_cost(*sizes, low, tasks) == 1.0
    assert serving_cost(*sizes, low, tasks, ("a", "b")) == 0.5


def test_kinds_that_break_the_budget_are_named_as_what_to_change():
    """A deeper sharing never helps where every task keeps an encoder of its own."""
    search = {"sharing": {"kind": ["soft", "cross_stitch"]}}
    study = parse_study(document("memory", search=search, grouping={"budget": 1.0}))
    with pytest.raises(InputError, match=r"or a cheaper search\.sharing\.kind"):
        affordable_sharings(study, 10)
