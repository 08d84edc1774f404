"""The best grouping of a problem, with the bound that proves it."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Literal, get_args

import numpy as np

from taskgroup.errors import InputError, nearest
from taskgroup.grouping.branch_and_bound import search_by_prices
from taskgroup.grouping.cover import feasible_cover
from taskgroup.grouping.front_program import solve_by_fronts
from taskgroup.grouping.infeasible import infeasible
from taskgroup.grouping.milp_model import search_by_highs
from taskgroup.grouping.problem import Problem
from taskgroup.grouping.regret import TOLERANCE, Assignment, RegretTable
from taskgroup.grouping.solution import Grouping, Network
from taskgroup.grouping.stages import solve_in_stages
from taskgroup.grouping.subset_program import solve_by_subsets

Method = Literal["auto", "dynamic_program", "branch_and_bound", "highs"]


def solve(
    problem: Problem,
    *,
    time_limit_seconds: float | None = None,
    gap: float = 0.0,
    method: Method = "auto",
) -> Grouping:
    """Choose the networks whose importance-weighted values add up best within limit and rules.

    Among groupings with equal totals the cheapest wins, then the one with the fewest networks; where the
    search took seconds, looking for such ties gets two more and a quarter of its time.

    Args:
        problem: Tasks, candidates, the limit and the rules.
        time_limit_seconds: Stop the search after this long and return the best grouping found with the
            bound proven so far; the dynamic programmes take no more than seconds and ignore it.
        gap: Stop once the total is proven to be within this share of the bound; the dynamic programmes
            ignore it.
        method: `dynamic_program` over subsets of tasks, for few tasks; `branch_and_bound` on prices, for
            many where they may overlap; `highs`, a mixed-integer program; `auto` takes the first of these
            that suits.

    Returns:
        Networks in the order of the first task that each serves, all of which serve a task. `optimal`
        is False only where the time limit or the gap cut the proof short; it speaks of the total, and
        ties may then be left unbroken.

    Raises:
        InfeasibleError: If no choice serves every task; the message gives the smallest changes that help.
        InputError: If the method is unknown or not made for the problem.
    """
    if method not in get_args(Method):
        raise InputError(f"method is {method!r}; {nearest(method, get_args(Method))}")
    table = RegretTable.of(problem)
    cover = feasible_cover(table)
    if cover is None:
        raise infeasible(problem)
    assignment = _few_tasks(table, method)
    if assignment is None:
        search = search_by_prices if table.overlap and method != "highs" else search_by_highs
        assignment = solve_in_stages(table, cover, search, time_limit_seconds=time_limit_seconds, gap=gap)
    return as_grouping(problem, assignment)


def _few_tasks(table: RegretTable, method: Method) -> Assignment | None:
    """Solve by dynamic programming where that is asked for and possible; else None."""
    if method in ("auto", "dynamic_program"):
        assignment = _solve_few_tasks(table)
        if assignment is not None:
            return assignment
        if method == "dynamic_program":
            raise InputError(f"{table.n_tasks} tasks are too many for method {method!r}; use 'auto'")
    if method == "branch_and_bound" and not table.overlap:
        raise InputError(f"method {method!r} needs overlap; use 'highs' or 'auto'")
    return None


def as_grouping(problem: Problem, assignment: Assignment) -> Grouping:
    """Write an assignment as networks, with totals added up from the candidates' own values."""
    serves: dict[int, list[str]] = {}
    units = problem.rules.units(problem.tasks)
    server_of = {
        task: server for unit, server in zip(units, assignment.servers.tolist(), strict=True) for task in unit
    }
    for task in problem.tasks:
        serves.setdefault(server_of[task], []).append(task)
    total = math.fsum(
        weight * _at_risk(problem, server_of[task], task)
        for task, weight in zip(problem.tasks, problem.weights, strict=True)
    )
    networks = tuple(_network(problem, server, tuple(tasks)) for server, tasks in serves.items())
    gap = max(assignment.regret - assignment.bound, 0.0)
    return Grouping(
        networks=networks,
        cost=math.fsum(network.cost for network in networks),
        select_total=float(total),
        bound=float(total - gap if problem.direction == "minimize" else total + gap),
        optimal=assignment.optimal,
    )


def _at_risk(problem: Problem, server: int, task: str) -> float:
    """A candidate's value of a task, worse by the problem's number of standard errors."""
    candidate = problem.candidates[server]
    margin = problem.risk * candidate.errors.get(task, 0.0)
    return candidate.values[task] + (margin if problem.direction == "minimize" else -margin)


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
        subset=candidate.subset
        if problem.riding  # whose place among the tasks nobody but the candidate knows
        else tuple(task for task in problem.tasks if task in candidate.subset),
        serves=serves,
        cost=float(candidate.cost),
        sharing=candidate.sharing,
        weighting=candidate.weighting,
        hyperparameters=dict(candidate.hyperparameters),
    )
