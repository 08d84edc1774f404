"""The exact grouping of few tasks by dynamic programming over subsets of tasks.

A grouping partitions the tasks into the sets that its networks serve. The best partition of a set of
tasks into k parts joins the part that holds the set's first task with the best partition of the others
into k - 1 parts. Layer k holds the best total for every set, as a bit mask. The only limit here is the
number of networks; `front_program` is for budgets.

The work grows as 3^T; 9 tasks and 511 candidates take about a millisecond.

Shape letters: `T` tasks, `M = 2^T` masks.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from taskgroup.grouping.regret import Assignment, Floats, Integers, RegretTable
from taskgroup.grouping.task_masks import least_mask_totals, members, splits

_MOST_JOINS = 10_000_000
_MOST_TOTALS = 50_000_000


@dataclass(frozen=True)
class _Layer:
    """The least regret of each mask and, among equal regrets, the least cost; shape [M] each."""

    regret: Floats
    cost: Floats


def solve_by_subsets(table: RegretTable) -> Assignment | None:
    """Find the best assignment: least regret, then least cost, then fewest networks.

    Args:
        table: A feasible problem whose budget does not bind.

    Returns:
        The assignment, proven optimal, or None where the tasks are too many.
    """
    n_joins, n_totals = 3**table.n_tasks // 2 * table.max_groups, len(table.cost) << table.n_tasks
    if n_joins > _MOST_JOINS or n_totals > _MOST_TOTALS:
        return None
    layers = _layers(table)
    everything = 2**table.n_tasks - 1
    regret = np.array([layer.regret[everything] for layer in layers])
    cost = np.array([layer.cost[everything] for layer in layers])
    n_networks = table.best(regret, cost, np.arange(len(layers))) + 1
    servers = _trace(table, layers[:n_networks])
    return Assignment(table.position[servers], table.total(servers), float(regret.min()), optimal=True)


def _layers(table: RegretTable) -> list[_Layer]:
    """Serving each mask with exactly 1, 2, ... networks."""
    layers = [_single_networks(table)]
    for _ in range(1, table.max_groups):
        layers.append(_join(table, layers[0], layers[-1]))
    return layers


def _single_networks(table: RegretTable) -> _Layer:
    best = _Layer(*np.full((2, 2**table.n_tasks), np.inf))
    for cost in np.unique(table.cost):
        regret = least_mask_totals(table.regret[table.cost == cost], overlap=table.overlap)
        better = regret + table.tie(regret) < best.regret
        best.regret[better], best.cost[better] = regret[better], cost
    return best


def _join(table: RegretTable, single: _Layer, rest: _Layer) -> _Layer:
    """Add one network to the rest of each mask, in the best of its splits."""
    ways = splits(table.n_tasks)
    regret = single.regret[ways.part] + rest.regret[ways.rest]
    least = np.minimum.reduceat(regret, ways.start[:-1])
    tied = regret <= (least + table.tie(least))[ways.whole]
    cost = np.where(tied, single.cost[ways.part] + rest.cost[ways.rest], np.inf)
    cheapest = np.minimum.reduceat(cost, ways.start[:-1])
    return _Layer(np.append(np.inf, least), np.append(np.inf, cheapest))


def _trace(table: RegretTable, layers: list[_Layer]) -> Integers:
    """Walk back from all tasks at the last layer to the row that serves each task; shape [T]."""
    servers = np.empty(table.n_tasks, dtype=np.int64)
    mask = 2**table.n_tasks - 1
    for rest in reversed(layers[:-1]):
        part, mask = _best_split(table, layers[0], rest, mask)
        _serve(table, part, servers)
    _serve(table, mask, servers)
    return servers


def _best_split(table: RegretTable, single: _Layer, rest: _Layer, mask: int) -> tuple[int, int]:
    ways = splits(table.n_tasks)
    parts, rests = ways.part[ways.of(mask)], ways.rest[ways.of(mask)]
    regret = single.regret[parts] + rest.regret[rests]
    tied = regret <= regret.min() + table.tie(regret.min())
    place = np.where(tied, single.cost[parts] + rest.cost[rests], np.inf).argmin()
    return int(parts[place]), int(rests[place])


def _serve(table: RegretTable, mask: int, servers: Integers) -> None:
    """Write the best row for the tasks of a mask, the cheapest among equals, into `servers`."""
    tasks = members(mask, table.n_tasks)
    regret = table.regret[:, tasks].sum(axis=1)
    if not table.overlap:
        regret[np.isfinite(table.regret).sum(axis=1) != len(tasks)] = np.inf
    tied = regret <= regret.min() + table.tie(regret.min())
    servers[tasks] = np.where(tied, table.cost, np.inf).argmin()
