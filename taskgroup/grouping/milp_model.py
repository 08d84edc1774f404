"""Choosing networks of least regret as a mixed-integer program for HiGHS.

One binary variable a candidate says whether it is chosen, one variable a pair of candidate and task how
much of the task it serves:

    minimise    sum of regret[c, t] x[c, t]
    such that   sum over c of x[c, t] = 1           every task is served once
                x[c, t] <= y[c]                     by chosen networks
                sum of cost[c] y[c] <= budget
                sum of y[c] <= max_groups

With y fixed, the best x serve each task by one network, so only y is declared integer.

Without overlap the chosen candidates divide the tasks, and no x is needed: each y costs all of its regrets.

HiGHS lets variables, conditions and gaps be off by about 1e-6. So regrets are scaled to be large against
that, costs that are multiples of one decimal unit are counted in it, each answer is added up again here,
and a choice over the budget that only those tolerances let through is cut off before solving on.

Shape letters: `C` candidates, `T` tasks, `P` pairs that can serve, `V = C + P` variables.
"""

from __future__ import annotations

import time

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, OptimizeResult, milp
from scipy.sparse import coo_array, csr_array

from taskgroup.grouping.branch_and_bound import Found
from taskgroup.grouping.dominance import drop_above, drop_dominated
from taskgroup.grouping.regret import TOLERANCE, Floats, Integers, RegretTable

_SCALE = 1e4
_MOST_UNITS = 1e4
_MOST_COMPARED = 4000


def search_by_highs(
    table: RegretTable, *, below: float, start: Integers | None, deadline: float, slack: float = 0.0
) -> Found:
    """Find the choice of least regret below a given one, after leaving out what cannot matter."""
    servers = None if start is None else table.servers(start)
    reduced = drop_above(table, below + table.slack(below))
    if reduced.overlap and len(reduced.cost) <= _MOST_COMPARED:
        reduced = drop_dominated(reduced)
    if not np.isfinite(reduced.regret).any(axis=0).all():
        return Found(servers, below)
    answer = least_regret(
        reduced,
        expected=below if below > 0 else 1.0,
        deadline=deadline,
        gap=slack / below if below > 0 else 0.0,
    )
    if answer.servers is None:
        return Found(servers, answer.bound)
    place = np.searchsorted(table.position, reduced.position[answer.servers])
    return Found(place, answer.bound)


def least_regret(table: RegretTable, *, expected: float, deadline: float, gap: float = 0.0) -> Found:
    """Find the choice of least regret within the limits.

    Args:
        table: The candidates and the limits; no choice need be feasible.
        expected: About what the least regret is, above 0; gaps are resolved to 1e-10 of it.
        deadline: Where `time.monotonic()` shall stand at the latest when HiGHS returns.
        gap: Stop within this share of the bound.
    """
    scale = _SCALE / expected
    objective, conditions = (_choice if table.overlap else _division)(table, scale)
    while True:
        result = _run(objective, conditions, n_integer=len(table.cost), deadline=deadline, gap=gap)
        bound = -np.inf if result.mip_dual_bound is None else float(result.mip_dual_bound) / scale
        if result.x is None:
            return Found(None, bound)
        servers = table.servers(np.flatnonzero(result.x[: len(table.cost)] > 0.5))
        used = np.unique(servers)
        if table.fits(table.cost[used].sum(), len(used)):
            return Found(servers, bound)
        conditions.append(_not_together(used, n_variables=len(objective)))


def _choice(table: RegretTable, scale: float) -> tuple[Floats, list[LinearConstraint]]:
    """Objective and conditions where units may train in several candidates."""
    rows, tasks = np.nonzero(np.isfinite(table.regret))
    objective = np.concatenate([np.zeros(len(table.cost)), table.regret[rows, tasks] * scale])
    return objective, [*_service(table, rows, tasks), *_limits(table, len(rows))]


def _division(table: RegretTable, scale: float) -> tuple[Floats, list[LinearConstraint]]:
    """Objective and conditions where the chosen candidates divide the units."""
    serves = np.isfinite(table.regret)
    objective = np.where(serves, table.regret, 0.0).sum(axis=1) * scale
    once = LinearConstraint(csr_array(serves.T.astype(np.float64)), lb=1, ub=1)
    return objective, [once, *_limits(table, 0)]


def _run(
    objective: Floats, conditions: list[LinearConstraint], *, n_integer: int, deadline: float, gap: float
) -> OptimizeResult:
    options: dict[str, float] = {"mip_rel_gap": gap}
    if np.isfinite(deadline):
        options["time_limit"] = max(deadline - time.monotonic(), 1e-3)
    return milp(
        objective,
        integrality=np.arange(len(objective)) < n_integer,
        bounds=Bounds(0, 1),
        constraints=conditions,
        options=options,
    )


def _service(table: RegretTable, rows: Integers, tasks: Integers) -> list[LinearConstraint]:
    """Every task is served once, and only by chosen candidates."""
    n_candidates, n_pairs = len(table.cost), len(rows)
    n_variables, pairs, ones = n_candidates + n_pairs, np.arange(n_pairs), np.ones(n_pairs)
    once = coo_array((ones, (tasks, n_candidates + pairs)), shape=(table.n_tasks, n_variables))
    chosen_only = coo_array(
        (
            np.concatenate([ones, -ones]),
            (np.concatenate([pairs, pairs]), np.concatenate([n_candidates + pairs, rows])),
        ),
        shape=(n_pairs, n_variables),
    )
    return [LinearConstraint(once.tocsr(), lb=1, ub=1), LinearConstraint(chosen_only.tocsr(), ub=0)]


def _limits(table: RegretTable, n_pairs: int) -> list[LinearConstraint]:
    """The budget, and the number of networks."""
    limits = []
    if np.isfinite(table.budget):
        budget, unit = table.budget * (1 + TOLERANCE), _unit(table.cost)
        if unit is None or budget > unit * _MOST_UNITS:
            cost, most = table.cost * (_SCALE / budget), _SCALE
        else:
            cost, most = np.rint(table.cost / unit), float(np.floor(budget / unit))
        limits.append(LinearConstraint(np.concatenate([cost, np.zeros(n_pairs)]), ub=most))
    if table.max_groups < table.n_tasks:
        ones = np.concatenate([np.ones(len(table.cost)), np.zeros(n_pairs)])
        limits.append(LinearConstraint(ones, ub=table.max_groups))
    return limits


def _unit(cost: Floats) -> float | None:
    """The largest decimal number that all costs are multiples of; None where they have many digits.

    >>> _unit(np.array([0.5, 1.0, 1.75]))
    0.25
    """
    for scale in 10.0 ** np.arange(5):
        whole = np.rint(cost * scale)
        if np.all(np.abs(cost * scale - whole) <= TOLERANCE * whole):
            return float(np.gcd.reduce(whole.astype(np.int64)) / scale)
    return None


def _not_together(used: Integers, *, n_variables: int) -> LinearConstraint:
    """Cut off the choices that hold all of these candidates, whose cost alone exceeds the budget."""
    together = np.zeros(n_variables)
    together[used] = 1.0
    return LinearConstraint(together, ub=len(used) - 1)
