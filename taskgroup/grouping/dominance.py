"""Leaving out candidates and entries that the best grouping can do without."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from taskgroup.grouping.regret import RegretTable

_BLOCK_ELEMENTS = 1 << 20


def drop_above(table: RegretTable, upper: float) -> RegretTable:
    """Forbid servings whose regret alone exceeds `upper`, and drop candidates left with none.

    Regrets are never negative, so an assignment that holds such a serving has a total above `upper`:
    every assignment of at most that total survives. Without overlap a candidate serves all or nothing, and
    is dropped where its regrets together exceed `upper`.
    """
    if not table.overlap:
        return table.keep(np.where(np.isfinite(table.regret), table.regret, 0.0).sum(axis=1) <= upper)
    allowed = table.regret <= upper
    forbidden = replace(table, regret=np.where(allowed, table.regret, np.inf))
    return forbidden.keep(np.asarray(allowed.any(axis=1)))


def drop_dominated(table: RegretTable) -> RegretTable:
    """Drop each candidate that another one replaces at no loss; for tables with overlap.

    B dominates A if it costs no more and has no larger regret at any task, an infinite one where A
    cannot serve included. Swapping A for B in a feasible choice (or just dropping A where B is chosen
    already) then keeps it feasible: no task loses, cost and number do not grow. So some best choice,
    ties by cost and number of networks included, is free of A. Of equal candidates the first stays;
    dominance is transitive, so the one that replaces A is never dropped without a replacement.
    """
    n_candidates = len(table.cost)
    order = np.arange(n_candidates)
    dominated = np.zeros(n_candidates, dtype=bool)
    step = max(1, _BLOCK_ELEMENTS // max(1, n_candidates))
    for start in range(0, n_candidates, step):
        block = slice(start, start + step)
        no_worse = table.cost <= table.cost[block, None]
        no_better = table.cost >= table.cost[block, None]
        for regret in table.regret.T:
            no_worse &= regret <= regret[block, None]
            no_better &= regret >= regret[block, None]
        dominated[block] = (no_worse & (~no_better | (order < order[block, None]))).any(axis=1)
    return table.keep(~dominated)
