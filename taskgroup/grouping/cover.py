"""Serving every task at all: a first feasible choice, or the smallest limit that has one."""

from __future__ import annotations

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp

from taskgroup.errors import InfeasibleError
from taskgroup.grouping.regret import Integers, RegretTable


def feasible_cover(table: RegretTable) -> Integers:
    """Choose rows that serve every task within the limits, the value aside.

    Raises:
        InfeasibleError: If no choice does; the message gives the smallest limit that would do.
    """
    for find in (_greedy_cover, _smallest_cover):
        cover = find(table)
        if table.fits(table.cost[cover].sum(), len(cover)):
            return cover
    raise _infeasible(table)


def _infeasible(table: RegretTable) -> InfeasibleError:
    """The error that says which limit is too tight and the smallest feasible one."""
    cover = _smallest_cover(table)
    if np.isfinite(table.budget):
        limit, smallest = f"budget {table.budget:g}", f"{table.cost[cover].sum():.10g}"
    else:
        limit, smallest = f"max_groups {table.max_groups}", str(len(cover))
    return InfeasibleError(
        f"{limit} is too small for these candidates to serve every task; the smallest feasible "
        f"{limit.split()[0]} is {smallest}"
    )


def _load(table: RegretTable) -> np.ndarray:
    """What the limit counts: shape [C], costs under a budget and ones under a number of networks."""
    return table.cost if np.isfinite(table.budget) else np.ones_like(table.cost)


def _greedy_cover(table: RegretTable) -> Integers:
    """Add the candidate with the least load for each newly served task until all are served."""
    serves, load = np.isfinite(table.regret), _load(table)
    missing = np.ones(table.n_tasks, dtype=bool)
    chosen: list[int] = []
    while missing.any():
        fresh = (serves & missing).sum(axis=1)
        price = np.where(fresh > 0, load / np.maximum(fresh, 1), np.inf)
        chosen.append(int(price.argmin()))
        missing &= ~serves[chosen[-1]]
    return np.array(chosen)


def _smallest_cover(table: RegretTable) -> Integers:
    """The exact cover of least load, as a set-covering integer program."""
    serves, load = np.isfinite(table.regret), _load(table)
    result = milp(
        load / load.min(),
        integrality=np.ones_like(load),
        bounds=Bounds(0, 1),
        constraints=LinearConstraint(serves.T.astype(float), lb=1),
        options={"mip_rel_gap": 0.0},
    )
    return np.flatnonzero(result.x > 0.5)
