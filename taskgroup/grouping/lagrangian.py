"""A lower bound on regret from prices, and what the prices say about every row.

A price for each unit, paid to whoever serves it, takes the place of the condition that each is served. A
row is then worth what it earns above its regrets, and the best rows within the limit are read off a
sorted list:

    bound(price) = sum of price + least sum of worth[c] y[c] over 0 <= y <= 1 within the limits
    worth[c]     = sum over units of min(regret[c, t] - price[t], 0)

The largest of these bounds equals that of the linear program with a variable for each row and unit, which
has thousands of times as many variables. Prices climb along the subgradient: up where no chosen row
serves a unit, down where several do.

Shape letters: `C` rows, `T` units, `L` limits.

Reference: Geoffrion 1974; Cornuéjols, Fisher and Nemhauser 1977, for the number of networks.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from taskgroup.grouping.regret import Floats, Integers, Limits

_SMALLEST_STEP = 0.01


class Regrets(Protocol):
    """Regrets in a form that suits their number."""

    def worth(self, price: Floats) -> Floats:
        """What each row earns at these prices, at most 0; shape [C]."""
        ...

    def served(self, rows: Integers, price: Floats) -> Integers:
        """How many of these rows would serve each unit at these prices; shape [T]."""
        ...


@dataclass(frozen=True)
class DenseRegrets:
    """Every entry, capped where it is useless; shape [C, T]."""

    regret: Floats

    def worth(self, price: Floats) -> Floats:
        """As in `Regrets`."""
        below: Floats = np.minimum(self.regret - price, 0.0).sum(axis=1)
        return below

    def served(self, rows: Integers, price: Floats) -> Integers:
        """As in `Regrets`."""
        n: Integers = (self.regret[rows] < price).sum(axis=0)
        return n


class SparseRegrets:
    """Only the finite entries, row after row: quick where candidates are small against all tasks.

    Args:
        regret: Shape [C, T], with an entry in every row.
    """

    def __init__(self, regret: Floats) -> None:
        self._row, self._unit = np.nonzero(np.isfinite(regret))
        self._regret = regret[self._row, self._unit]
        self._start = np.searchsorted(self._row, np.arange(len(regret)))
        self._shape = regret.shape

    def worth(self, price: Floats) -> Floats:
        """As in `Regrets`."""
        below: Floats = np.add.reduceat(np.minimum(self._regret - price[self._unit], 0.0), self._start)
        return below

    def served(self, rows: Integers, price: Floats) -> Integers:
        """As in `Regrets`."""
        chosen = np.zeros(self._shape[0], dtype=bool)
        chosen[rows] = True
        serving = self._unit[chosen[self._row] & (self._regret < price[self._unit])]
        return np.bincount(serving, minlength=self._shape[1])


@dataclass(frozen=True)
class Bound:
    """A lower bound and what it rests on.

    Attributes:
        value: No choice within the limits has a smaller regret.
        price: Shape [T].
        worth: Shape [C].
        at_least: Shape [C], a lower bound on every choice that holds the row.
        rows: The rows chosen whole at these prices, which keep one of the limits.
        part: The row that fills the room, if one does, as an array of at most one.
        share: How much of it.
    """

    value: float
    price: Floats
    worth: Floats
    at_least: Floats
    rows: Integers
    part: Integers
    share: float


@dataclass(frozen=True)
class _Knapsack:
    """The rows of least worth that fit into the room, the last one in part."""

    value: float
    rows: Integers
    part: Integers
    share: float
    rent: float


def bound_at(regrets: Regrets, limits: Limits, price: Floats) -> Bound:
    """The bound of given prices: the tightest over the limits."""
    worth = regrets.worth(price)
    paid = float(price.sum())
    knapsacks = [
        _least_worth(worth, load, float(room)) for load, room in zip(limits.load, limits.room, strict=True)
    ]
    tightest = int(np.argmax([knapsack.value for knapsack in knapsacks]))
    found = knapsacks[tightest]
    value = paid + found.value
    at_least = value + np.maximum(worth + found.rent * limits.load[tightest], 0.0)
    return Bound(value, price, worth, at_least, found.rows, found.part, found.share)


def _least_worth(worth: Floats, load: Floats, room: float) -> _Knapsack:
    """Fill the room by worth for load; the rent is what a unit of room is worth."""
    gaining, nothing = np.flatnonzero(worth < 0), np.zeros(0, dtype=np.int64)
    if load[gaining].sum() <= room:
        return _Knapsack(float(worth[gaining].sum()), gaining, nothing, 0.0, 0.0)
    rate = worth[gaining] / load[gaining]
    n_enough = min(len(gaining), int(room / load[gaining].min()) + 1)
    first = np.argpartition(rate, n_enough - 1)[:n_enough]
    first = first[np.argsort(rate[first], kind="stable")]
    order, used = gaining[first], np.cumsum(load[gaining[first]])
    n_whole = int(np.searchsorted(used, room, side="right"))
    value = float(worth[order[:n_whole]].sum())
    left = room - (used[n_whole - 1] if n_whole else 0.0)
    if n_whole and (left <= 0 or n_whole == len(order)):
        return _Knapsack(value, order[:n_whole], nothing, 0.0, -float(rate[first[n_whole - 1]]))
    last = float(rate[first[n_whole]])
    part = order[n_whole : n_whole + 1]
    return _Knapsack(value + left * last, order[:n_whole], part, float(left / load[part[0]]), -last)


def climb(
    regrets: Regrets,
    limits: Limits,
    start: Floats,
    *,
    highest: Floats,
    target: float,
    n_steps: int,
    patience: int,
) -> Bound:
    """Raise the bound step by step, until it reaches the target or the steps get small.

    Args:
        regrets: Regrets of the rows.
        limits: What may be chosen.
        start: Prices to start from, shape [T].
        highest: The price at which each unit is served in any case, shape [T].
        target: The regret that a choice is known to have: the length of the steps, and where to stop.
        n_steps: At most this many.
        patience: Halve the steps after so many that raised the bound by next to nothing.
    """
    price = np.minimum(start, highest)
    best = bound_at(regrets, limits, price)
    at, step, n_idle = best, 1.0, 0
    for _ in range(n_steps):
        if best.value >= target or step < _SMALLEST_STEP:
            break
        slope = 1.0 - regrets.served(at.rows, at.price) - at.share * regrets.served(at.part, at.price)
        slope[(slope > 0) & (at.price >= highest) | (slope < 0) & (at.price <= 0)] = 0.0
        squares = float(slope @ slope)
        if squares == 0.0:
            break
        price = np.clip(at.price + step * (target - at.value) / squares * slope, 0.0, highest)
        at = bound_at(regrets, limits, price)
        n_idle = 0 if at.value > best.value + 1e-4 * (target - best.value) else n_idle + 1
        best = max(best, at, key=lambda bound: bound.value)
        if n_idle >= patience:
            at, step, n_idle = best, step / 2, 0
    return best
