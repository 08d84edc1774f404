"""Leaving candidates out must never cost a user the best grouping."""

import numpy as np
from grouping_cases import problems
from hypothesis import given, settings

from taskgroup.grouping.dominance import drop_above, drop_dominated
from taskgroup.grouping.regret import RegretTable
from taskgroup.grouping.subset_program import solve_by_subsets

INF = np.inf


def table(regret, cost):
    return RegretTable(np.array(regret), np.array(cost), np.arange(len(cost)), INF, 2, 1.0)


def test_only_replaceable_candidates_are_dropped():
    """Row 1 is worse than row 0, row 3 its copy, row 2 cheaper, row 4 better at the second task."""
    reduced = drop_dominated(
        table([[0.0, 1.0], [0.5, INF], [0.5, INF], [0.0, 1.0], [INF, 0.0]], [1.0, 1.0, 0.5, 1.0, 1.0])
    )
    assert reduced.position.tolist() == [0, 2, 4]


def test_entries_above_the_incumbent_are_forbidden():
    reduced = drop_above(table([[0.0, 3.0], [4.0, 5.0], [1.0, 0.0]], [1.0, 1.0, 1.0]), 2.0)
    assert reduced.position.tolist() == [0, 2]
    assert reduced.regret.tolist() == [[0.0, INF], [1.0, 0.0]]


@settings(max_examples=80, deadline=None)
@given(problems())
def test_reduction_keeps_total_cost_and_number(problem):
    whole = RegretTable.of(problem)
    whole = RegretTable(
        whole.regret, whole.cost, np.arange(len(whole.cost)), INF, whole.max_groups, whole.size
    )
    best = solve_by_subsets(whole)
    reduced = solve_by_subsets(drop_dominated(drop_above(whole, best.regret + whole.slack(best.regret))))
    cost = [whole.cost[np.unique(found.servers)].sum() for found in (best, reduced)]
    assert np.isclose(best.regret, reduced.regret)
    assert np.isclose(*cost)
    assert len(np.unique(best.servers)) == len(np.unique(reduced.servers))
