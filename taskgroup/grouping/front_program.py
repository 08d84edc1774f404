"""The exact grouping of few tasks under a budget, by dynamic programming over cost-regret fronts.

As in `subset_program`, the best way to serve a set of tasks joins a network for a part that holds the
set's first task with a way to serve the others. Costs differ, so each set keeps a front of ways: sorted
by cost, each with a clearly smaller regret than all cheaper ones. A way off the front never helps, since
the way that beats it costs no more and leaves the same tasks to serve.

9 tasks and 511 candidates take about a tenth of a second, whatever their costs.

Shape letters: `C` candidates, `T` tasks, `M = 2^T` masks, `W` ways.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from taskgroup.grouping.regret import TIE, Assignment, Floats, Integers, RegretTable
from taskgroup.grouping.task_masks import mask_totals, members, splits

_MOST_TOTALS = 1 << 22
_MOST_JOINS = 1 << 25


@dataclass(frozen=True)
class _Singles:
    """The front of serving each mask with one network, mask after mask.

    Attributes:
        start: Shape [M + 1], where the ways of each mask begin.
        row: Shape [W], the candidate.
        cost: Shape [W].
        regret: Shape [W].
    """

    start: Integers
    row: Integers
    cost: Floats
    regret: Floats


@dataclass(frozen=True)
class _Front:
    """The ways to serve one mask, shape [W] each, sorted by cost.

    Attributes:
        cost: Total cost.
        regret: Total regret.
        n_networks: How many networks.
        split: The place of the split into part and rest.
        single: The place of the part's network among the singles.
        rest: The place of the rest's way on its own front.
    """

    cost: Floats
    regret: Floats
    n_networks: Integers
    split: Integers
    single: Integers
    rest: Integers

    def take(self, places: Integers) -> _Front:
        """The ways at these places, in their order."""
        return _Front(*(getattr(self, name)[places] for name in self.__dataclass_fields__))


def solve_by_fronts(table: RegretTable) -> Assignment | None:
    """Find the best assignment: least regret, then least cost, then fewest networks.

    Args:
        table: A feasible problem whose only limit is the budget.

    Returns:
        The assignment, proven optimal, or None where the fronts are too large to be worth it.
    """
    if len(table.cost) << table.n_tasks > _MOST_TOTALS or 3**table.n_tasks > _MOST_JOINS:
        return None
    singles = _singles(table)
    fronts = _fronts(table, singles)
    if fronts is None:
        return None
    whole = fronts[2**table.n_tasks - 1]
    servers = _trace(table, singles, fronts)
    return Assignment(table.position[servers], table.total(servers), float(whole.regret.min()), optimal=True)


def _singles(table: RegretTable) -> _Singles:
    order = np.argsort(table.cost, kind="stable")
    totals = mask_totals(table.regret[order], overlap=table.overlap)
    cheaper = np.full_like(totals, np.inf)
    np.minimum.accumulate(totals[:-1], axis=0, out=cheaper[1:])
    mask, place = np.nonzero((totals + table.tie(totals) < cheaper).T)
    row = order[place]
    cost = table.cost[row]
    last_at_cost = np.append((mask[1:] != mask[:-1]) | (cost[1:] != cost[:-1]), True)
    mask, place, row, cost = (values[last_at_cost] for values in (mask, place, row, cost))
    start = np.searchsorted(mask, np.arange(2**table.n_tasks + 1))
    return _Singles(start, row, cost, totals[place, mask])


def _fronts(table: RegretTable, singles: _Singles) -> dict[int, _Front] | None:
    """The front of every mask that is needed: all tasks, and all sets without the first task."""
    nothing = np.zeros(1, dtype=np.int64)
    fronts = {0: _Front(np.zeros(1), np.zeros(1), nothing, nothing, nothing, nothing)}
    everything = 2**table.n_tasks - 1
    n_joins = 0
    for mask in [*range(2, everything, 2), everything]:
        joined = _joined(table, singles, fronts, mask)
        n_joins += len(joined.cost)
        if n_joins > _MOST_JOINS:
            return None
        fronts[mask] = _trimmed(table, joined)
    return fronts


def _joined(table: RegretTable, singles: _Singles, fronts: dict[int, _Front], mask: int) -> _Front:
    """Every way to serve a part of the mask by one network and the rest by a way of its front."""
    span = splits(table.n_tasks).of(mask)
    parts, rests = splits(table.n_tasks).part[span], splits(table.n_tasks).rest[span]
    behind = [fronts[rest] for rest in rests.tolist()]
    n_behind = np.array([len(front.cost) for front in behind])
    n_ways = (singles.start[parts + 1] - singles.start[parts]) * n_behind
    split = np.repeat(np.arange(len(parts)), n_ways)
    within = np.arange(len(split)) - (np.cumsum(n_ways) - n_ways)[split]
    single = singles.start[parts[split]] + within // n_behind[split]
    rest = within % n_behind[split]
    flat = (np.cumsum(n_behind) - n_behind)[split] + rest
    return _Front(
        cost=singles.cost[single] + np.concatenate([front.cost for front in behind])[flat],
        regret=singles.regret[single] + np.concatenate([front.regret for front in behind])[flat],
        n_networks=1 + np.concatenate([front.n_networks for front in behind])[flat],
        split=span.start + split,
        single=single,
        rest=rest,
    )


def _trimmed(table: RegretTable, ways: _Front) -> _Front:
    """Sort by cost and keep what the budget allows and no cheaper way replaces.

    A way stays if its regret is clearly smaller than that of all before it, or if regret and cost equal
    those of the best before it and it has fewer networks.
    """
    ways = ways.take(np.flatnonzero(table.fits(ways.cost, 1)))
    ways = ways.take(np.lexsort((ways.n_networks, ways.regret, ways.cost)))
    if len(ways.cost) == 0:
        return ways
    before = np.append(np.inf, np.minimum.accumulate(ways.regret)[:-1])
    place = np.arange(len(before))
    leader = np.append(0, np.maximum.accumulate(np.where(ways.regret < before, place, 0))[:-1])
    clear = ways.regret + table.tie(ways.regret) < before
    equal = (ways.regret <= before + table.tie(before)) & (ways.cost <= ways.cost[leader] * (1 + TIE))
    return ways.take(np.flatnonzero(clear | (equal & (ways.n_networks < ways.n_networks[leader]))))


def _trace(table: RegretTable, singles: _Singles, fronts: dict[int, _Front]) -> Integers:
    """Walk back from the best way for all tasks to the row that serves each task; shape [T]."""
    servers = np.empty(table.n_tasks, dtype=np.int64)
    mask = 2**table.n_tasks - 1
    way = table.best(fronts[mask].regret, fronts[mask].cost, fronts[mask].n_networks)
    while mask:
        front = fronts[mask]
        split = front.split[way]
        servers[members(splits(table.n_tasks).part[split], table.n_tasks)] = singles.row[front.single[way]]
        mask, way = int(splits(table.n_tasks).rest[split]), int(front.rest[way])
    return servers
