"""A good grouping fast: additions and swaps from any feasible start, without a guarantee."""

from __future__ import annotations

import numpy as np

from taskgroup.grouping.cover import feasible_cover
from taskgroup.grouping.regret import Integers, RegretTable


def local_search(table: RegretTable) -> Integers:
    """Improve a feasible choice by its best single addition or swap until none helps.

    Returns:
        The serving row of each task, shape [T].

    Raises:
        InputError: If no choice is feasible.
    """
    servers = table.servers(feasible_cover(table))
    while True:
        better = _best_move(table, np.unique(servers))
        if better is None or table.total(better) >= table.total(servers) - table.slack(0.0):
            return servers
        servers = better


def _best_move(table: RegretTable, chosen: Integers) -> Integers | None:
    """Add one row, with or without dropping one of the chosen; None where no such move fits."""
    best, move = np.inf, None
    for dropped in (None, *chosen):
        kept = chosen[chosen != dropped] if dropped is not None else chosen
        floor = table.regret[kept].min(axis=0, initial=np.inf)
        totals = np.minimum(table.regret, floor).sum(axis=1)
        fits = table.fits(table.cost[kept].sum() + table.cost, len(kept) + 1)
        totals = np.where(fits, totals, np.inf)
        added = int(totals.argmin())
        if totals[added] < best:
            best, move = float(totals[added]), np.append(kept, added)
    return None if move is None else table.servers(move)
