"""The best grouping of a problem, with the bound that proves it."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from taskgroup.grouping.cover import feasible_cover
from taskgroup.grouping.front_program import solve_by_fronts
from taskgroup.grouping.integer_program import solve_by_integer_program
from taskgroup.grouping.problem import Problem
from taskgroup.grouping.regret import TOLERANCE, Assignment, RegretTable
from taskgroup.grouping.solution import Grouping, Network
from taskgroup.grouping.subset_program import solve_by_subsets


def solve(problem: Problem, *, time_limit_seconds: float | None = None) -> Grouping:
    """Choose the networks whose importance-weighted values add up best within the limit.

    Among groupings with equal totals the cheapest wins, then the one with the fewest networks. Few tasks
    go to a dynamic programme over subsets of tasks, the others to an integer program.

    Args:
        problem: Tasks, candidates and the limit.
        time_limit_seconds: Stop the integer program after this long and return the best grouping found
            with the bound proven so far; the dynamic programmes take no more than seconds and ignore it.

    Returns:
        Networks in the order of the first task that each serves, all of which serve a task. `optimal`
        is False only where the time limit cut the proof short; it speaks of the total, and ties may then
        be left unbroken.

    Raises:
        InputError: If the limit is too small to serve every task; the message gives the smallest
            feasible one.
    """
    table = RegretTable.of(problem)
    feasible_cover(table)
    assignment = _solve_few_tasks(table)
    if assignment is None:
        assignment = solve_by_integer_program(table, time_limit_seconds=time_limit_seconds)
    return as_grouping(problem, assignment)


def as_grouping(problem: Problem, assignment: Assignment) -> Grouping:
    """Write an assignment as networks, with totals added up from the candidates' own values."""
    serves: dict[int, list[str]] = {}
    total = 0.0
    for task, weight, server in zip(problem.tasks, problem.weights, assignment.servers.tolist(), strict=True):
        serves.setdefault(server, []).append(task)
        total += weight * problem.candidates[server].values[task]
    networks = tuple(_network(problem, server, tuple(tasks)) for server, tasks in serves.items())
    gap = max(assignment.regret - assignment.bound, 0.0)
    return Grouping(
        networks=networks,
        cost=math.fsum(network.cost for network in networks),
        select_total=float(total),
        bound=float(total - gap if problem.direction == "minimize" else total + gap),
        optimal=assignment.optimal,
    )


def _solve_few_tasks(table: RegretTable) -> Assignment | None:
    """Solve by the dynamic programme that suits the limit; None where the problem is too large for it."""
    if table.cost.max() * table.max_groups <= table.budget:
        return solve_by_subsets(table)
    if np.ptp(table.cost) > 0:
        return solve_by_fronts(table)
    networks_in_budget = math.floor(table.budget * (1 + TOLERANCE) / table.cost[0])
    return solve_by_subsets(replace(table, max_groups=min(table.max_groups, networks_in_budget)))


def _network(problem: Problem, server: int, serves: tuple[str, ...]) -> Network:
    candidate = problem.candidates[server]
    return Network(
        subset=tuple(task for task in problem.tasks if task in candidate.subset),
        serves=serves,
        cost=float(candidate.cost),
        sharing=candidate.sharing,
        weighting=candidate.weighting,
        hyperparameters=dict(candidate.hyperparameters),
    )
