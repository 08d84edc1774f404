"""The exact grouping of any number of tasks: least regret first, then least cost, then fewest networks.

The first search finds the least regret. Ties are then broken without touching it: the search goes on with
a budget just below the best cost, then with one network fewer, as long as that reaches a regret equal to
the best. Proving that there are no ties can take as long as the first search, so it gets two seconds and a
quarter of that time. How to search, by branch and bound or by HiGHS, is a parameter.
"""

from __future__ import annotations

import math
import time
from dataclasses import replace
from typing import Protocol

import numpy as np

from taskgroup.grouping.branch_and_bound import Found
from taskgroup.grouping.regret import TOLERANCE, Assignment, Integers, RegretTable
from taskgroup.grouping.swap_search import swap_search

_ROUNDS = 4
_TIE_SECONDS, _TIE_SHARE = 2.0, 0.25


class Search(Protocol):
    """Looks for a choice of less regret than a given one."""

    def __call__(
        self, table: RegretTable, *, below: float, start: Integers | None, deadline: float, slack: float = 0.0
    ) -> Found:
        """Search, with a choice to improve on where one is known, until `time.monotonic()` is there.

        What saves no more than `slack` need not be found.
        """
        ...


def solve_in_stages(
    table: RegretTable,
    cover: Integers,
    search: Search,
    *,
    time_limit_seconds: float | None = None,
    gap: float = 0.0,
) -> Assignment:
    """Find the best assignment: least regret, then least cost, then fewest networks.

    Args:
        table: The problem.
        cover: A choice that serves every unit within the limits.
        search: How to look for better choices.
        time_limit_seconds: Stop after this long with the best assignment found and the bound proven so
            far.
        gap: Stop once the total is proven to be within this share of the bound.
    """
    started = time.monotonic()
    deadline = started + (math.inf if time_limit_seconds is None else time_limit_seconds)
    servers, bound = _least_regret(table, improved(table, cover), search, deadline, gap)
    regret = table.total(servers)
    optimal = regret - bound <= table.slack(regret)
    if optimal:
        now, most = time.monotonic(), regret + table.slack(regret)
        deadline = min(deadline, now + _TIE_SECONDS + _TIE_SHARE * (now - started))
        if np.ptp(table.cost) > 0:
            servers = _cheapest(table, servers, most, search, deadline)
        servers = _fewest(table, servers, most, search, deadline)
    return Assignment(table.position[servers], table.total(servers), bound, optimal)


def improved(table: RegretTable, cover: Integers) -> Integers:
    """Improve a choice by additions and swaps; shape [T], the row that serves each unit."""
    servers = table.servers(cover)
    if not table.overlap:
        return servers
    for _ in range(_ROUNDS):  # again, at a finer scale, after a much better total
        before = table.total(servers)
        chosen = swap_search(np.minimum(table.regret, before), table.limits, np.unique(servers))
        servers = min(servers, table.servers(chosen), key=table.total)
        if table.total(servers) > before / 2:
            break
    return servers


def _least_regret(
    table: RegretTable, servers: Integers, search: Search, deadline: float, gap: float
) -> tuple[Integers, float]:
    """The best servers found and a bound; again at a finer scale after a much better total."""
    bound = 0.0
    for _ in range(_ROUNDS):
        upper = table.total(servers)
        slack = gap / (1 + gap) * abs(table.ideal + upper)  # so that it is a share of the bound
        if upper - bound <= max(slack, table.slack(upper)) or time.monotonic() >= deadline:
            break
        found = search(table, below=upper, start=np.unique(servers), deadline=deadline, slack=slack)
        if found.servers is not None:
            servers = min(servers, found.servers, key=table.total)
        bound = min(max(bound, found.bound), table.total(servers))
        if table.total(servers) > upper / 2:
            break
    return servers, bound


def _cheapest(
    table: RegretTable, servers: Integers, most: float, search: Search, deadline: float
) -> Integers:
    """Lower the cost while the regret stays within `most`."""
    while True:
        tighter = replace(table, budget=_cost(table, servers) * (1 - 2 * TOLERANCE))
        found = _tied(tighter, most, search, deadline)
        if found is None:
            return servers
        servers = found


def _fewest(table: RegretTable, servers: Integers, most: float, search: Search, deadline: float) -> Integers:
    """Lower the number of networks while cost and regret stay."""
    while (n_networks := len(np.unique(servers))) > 1:
        budget = _cost(table, servers) if np.ptp(table.cost) > 0 else table.budget
        found = _tied(replace(table, budget=budget, max_groups=n_networks - 1), most, search, deadline)
        if found is None:
            return servers
        servers = found
    return servers


def _tied(table: RegretTable, most: float, search: Search, deadline: float) -> Integers | None:
    """Servers of at most this regret within tighter limits; None where there are none or the time is up."""
    if time.monotonic() >= deadline:
        return None
    found = search(table, below=most + 2 * table.slack(most), start=None, deadline=deadline).servers
    return None if found is None or table.total(found) > most else found


def _cost(table: RegretTable, servers: Integers) -> float:
    return float(table.cost[np.unique(servers)].sum())
