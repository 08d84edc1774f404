"""The exact grouping of any number of tasks: integer programs, after leaving out what cannot matter.

The first program finds the least regret. Ties are then broken without touching it: the search goes on
with a budget just below the best cost, then with one network fewer, as long as that reaches a regret
equal to the best.
"""

from __future__ import annotations

import math
import time
from dataclasses import replace

import numpy as np

from taskgroup.grouping.dominance import drop_above, drop_dominated
from taskgroup.grouping.greedy import local_search
from taskgroup.grouping.milp_model import least_regret
from taskgroup.grouping.regret import TOLERANCE, Assignment, Integers, RegretTable

_ROUNDS = 4


def solve_by_integer_program(table: RegretTable, *, time_limit_seconds: float | None = None) -> Assignment:
    """Find the best assignment: least regret, then least cost, then fewest networks.

    Args:
        table: The problem.
        time_limit_seconds: Stop after this long with the best assignment found and the bound proven so
            far.

    Raises:
        InputError: If no choice is feasible.
    """
    deadline = time.monotonic() + (math.inf if time_limit_seconds is None else time_limit_seconds)
    servers, bound = _search(table, deadline)
    regret = table.total(servers)
    optimal = regret - bound <= table.slack(regret)
    if optimal:
        most = regret + table.slack(regret)
        if np.ptp(table.cost) > 0:
            servers = _cheapest(table, servers, most, deadline)
        servers = _fewest(table, servers, most, deadline)
    return Assignment(servers, table.total(servers), bound, optimal)


def _search(table: RegretTable, deadline: float) -> tuple[Integers, float]:
    """The best servers found and a bound; again at a finer scale after a much better total."""
    servers, bound = local_search(table), 0.0
    for _ in range(_ROUNDS):
        upper = table.total(servers)
        if upper - bound <= table.slack(upper) or time.monotonic() >= deadline:
            break
        found, proven = _improve(table, upper, deadline)
        if found is not None and table.total(found) < upper:
            servers = found
        bound = min(max(bound, proven), table.total(servers))
        if table.total(servers) > upper / 2:
            break
    return servers, bound


def _improve(table: RegretTable, upper: float, deadline: float) -> tuple[Integers | None, float]:
    """Search among the assignments of at most this regret, and bound them."""
    reduced = drop_dominated(drop_above(table, upper + table.slack(upper)))
    if not np.isfinite(reduced.regret).any(axis=0).all():
        return None, upper
    expected = upper if upper > 0 else 1.0
    answer = least_regret(reduced, expected=expected, deadline=deadline)
    found = None if answer.servers is None else reduced.position[answer.servers]
    return found, answer.bound


def _cheapest(table: RegretTable, servers: Integers, most: float, deadline: float) -> Integers:
    """Lower the cost while the regret stays within `most`."""
    while True:
        tighter = replace(table, budget=_cost(table, servers) * (1 - 2 * TOLERANCE))
        found, _ = _improve(tighter, most, deadline)
        if found is None or table.total(found) > most:
            return servers
        servers = found


def _fewest(table: RegretTable, servers: Integers, most: float, deadline: float) -> Integers:
    """Lower the number of networks while cost and regret stay."""
    while True:
        cost, n_networks = _cost(table, servers), len(np.unique(servers))
        tighter = replace(table, budget=cost, max_groups=n_networks - 1)
        found, _ = _improve(tighter, most, deadline)
        if found is None or table.total(found) > most:
            return servers
        servers = found


def _cost(table: RegretTable, servers: Integers) -> float:
    return float(table.cost[np.unique(servers)].sum())
