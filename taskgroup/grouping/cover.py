"""Serving every task at all: a first feasible choice, or the smallest limit that has one."""

from __future__ import annotations

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp

from taskgroup.grouping.regret import Integers, RegretTable


def feasible_cover(table: RegretTable) -> Integers | None:
    """Choose rows that serve every unit within the limits and without forbidden overlap, the value aside.

    Returns:
        The rows, or None where no choice does.
    """
    for find in (_greedy_cover, least_cover):
        cover = find(table)
        if cover is not None and table.fits(table.cost[cover].sum(), len(cover)):
            return cover
    return None


def least_cover(table: RegretTable) -> Integers | None:
    """The exact choice of least cost, or number where that is the limit, as an integer program.

    Returns:
        The rows, which may exceed the limits; None where nothing serves every unit.
    """
    serves, load = np.isfinite(table.regret), _load(table)
    if not serves.any(axis=0).all():
        return None
    result = milp(
        load / load.min(),
        integrality=np.ones_like(load),
        bounds=Bounds(0, 1),
        constraints=LinearConstraint(serves.T.astype(float), lb=1, ub=np.inf if table.overlap else 1),
        options={"mip_rel_gap": 0.0},
    )
    return None if result.x is None else np.flatnonzero(result.x > 0.5)


def _load(table: RegretTable) -> np.ndarray:
    """What the limit counts: shape [C], costs under a budget and ones under a number of networks."""
    return table.cost if np.isfinite(table.budget) else np.ones_like(table.cost)


def _greedy_cover(table: RegretTable) -> Integers | None:
    """Add the row with the least load for each newly served unit until all are served."""
    serves, load = np.isfinite(table.regret), _load(table)
    missing = np.ones(table.n_tasks, dtype=bool)
    chosen: list[int] = []
    while missing.any():
        fresh = (serves & missing).sum(axis=1)
        if not table.overlap:
            fresh[(serves & ~missing).any(axis=1)] = 0
        if not fresh.any():
            return None
        price = np.where(fresh > 0, load / np.maximum(fresh, 1), np.inf)
        chosen.append(int(price.argmin()))
        missing &= ~serves[chosen[-1]]
    return np.array(chosen)
