"""A grouping problem as arrays of regrets, so that every solver minimises and zero is the ideal.

Shape letters: `C` candidates, `T` tasks.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from taskgroup.grouping.problem import Problem

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

TOLERANCE = 1e-9
"""Costs and totals that differ by less than this share of their size count as equal."""

TIE = 1e-12
"""The same inside the dynamic programmes, whose errors add up over the tasks."""


@dataclass(frozen=True)
class Limits:
    """What chosen rows may add up to.

    Attributes:
        load: Shape [L, C], above 0: ones for the number of networks, costs for a budget.
        room: Shape [L].
    """

    load: Floats
    room: Floats

    def most_rows(self) -> int:
        """How many of the lightest rows fit."""
        return int(np.floor(self.room / self.load.min(axis=1, initial=np.inf)).min())

    def without(self, row: int) -> Floats:
        """The room left beside a row."""
        room: Floats = self.room - self.load[:, row]
        return room

    def keep(self, rows: npt.NDArray[np.bool_] | Integers) -> Limits:
        """The same for some of the rows."""
        return Limits(self.load[:, rows], self.room)


@dataclass(frozen=True)
class RegretTable:
    """What it loses, in importance-weighted value, to serve a task by a candidate that is not its best.

    Tasks that the rules link are one column, a unit, since one network serves them all; candidates that
    the rules exclude have no row. What is left of the rules is `overlap`.

    Attributes:
        regret: Shape [C, T], at least 0; infinite where the candidate cannot serve the unit. Without
            `overlap` it is finite for exactly the units that the candidate trains.
        cost: Shape [C], in network equivalents.
        position: Shape [C], each candidate's place in the problem.
        budget: The most that the chosen candidates may cost together; infinite without that limit.
        max_groups: The most candidates that may be chosen; the number of units without that limit.
        size: The sum of the units' best weighted values without sign, which regrets are small against.
        overlap: Whether a unit may train in several chosen candidates.
        ideal: The total of zero regret, smaller being better.
    """

    regret: Floats
    cost: Floats
    position: Integers
    budget: float
    max_groups: int
    size: float
    overlap: bool = True
    ideal: float = 0.0

    @classmethod
    def of(cls, problem: Problem) -> RegretTable:
        """Read the values of a problem as regrets; where nothing serves a unit, they are all infinite."""
        position = _allowed(problem)
        loss = _losses(problem, position)
        serving = np.isfinite(loss).any(axis=1)
        position, loss = position[serving], loss[serving]
        best = loss.min(axis=0, initial=np.inf)
        best, n_units = np.where(np.isfinite(best), best, 0.0), loss.shape[1]
        return cls(
            regret=loss - best,
            cost=np.array([problem.candidates[place].cost for place in position.tolist()], dtype=np.float64),
            position=position,
            budget=np.inf if problem.budget is None else float(problem.budget),
            max_groups=n_units if problem.max_groups is None else min(int(problem.max_groups), n_units),
            size=float(np.abs(best).sum()),
            overlap=problem.rules.overlap,
            ideal=float(best.sum()),
        )

    @property
    def n_tasks(self) -> int:
        """The number of units, `T`."""
        return int(self.regret.shape[1])

    def keep(self, rows: npt.NDArray[np.bool_]) -> RegretTable:
        """Drop every candidate whose entry in `rows`, shape [C], is false."""
        return replace(self, regret=self.regret[rows], cost=self.cost[rows], position=self.position[rows])

    @property
    def limits(self) -> Limits:
        """The number of networks, and the budget where there is one."""
        loads, room = [np.ones(len(self.cost))], [float(self.max_groups)]
        if np.isfinite(self.budget):
            loads, room = [*loads, self.cost], [*room, self.budget * (1 + TOLERANCE)]
        return Limits(np.array(loads), np.array(room))

    def fits(self, cost: Floats, n_networks: int | Integers) -> npt.NDArray[np.bool_]:
        """Whether networks of these total costs and numbers keep the limits; any shape."""
        return (cost <= self.budget * (1 + TOLERANCE)) & (np.asarray(n_networks) <= self.max_groups)

    def slack(self, regret: float) -> float:
        """How far totals may lie above one with this regret and count as equal to it."""
        return TOLERANCE * (self.size + regret)

    def tie(self, regret: Floats) -> Floats:
        """As `slack`, for the sums inside the dynamic programmes; any shape."""
        return TIE * (self.size + regret)

    def best(self, regret: Floats, cost: Floats, n_networks: Integers) -> int:
        """The place of the least regret, among equal ones least cost, then fewest networks; [W] each."""
        least = regret.min()
        tied = np.flatnonzero(regret <= least + self.slack(float(least)))
        cheap = tied[cost[tied] <= cost[tied].min() * (1 + TOLERANCE)]
        return int(cheap[n_networks[cheap].argmin()])

    def servers(self, chosen: Sequence[int] | Integers) -> Integers:
        """The best of the chosen rows for each task; shape [T], the first one among equals."""
        rows = np.asarray(chosen, dtype=np.int64)
        servers: Integers = rows[self.regret[rows].argmin(axis=0)]
        return servers

    def total(self, servers: Integers) -> float:
        """The regret of an assignment, shape [T], summed over tasks; infinite where it cannot serve."""
        return float(self.regret[servers, np.arange(self.n_tasks)].sum())


@dataclass(frozen=True)
class Assignment:
    """A solver's answer.

    Attributes:
        servers: Shape [T], the place in the problem of the candidate that serves each unit.
        regret: The assignment's total regret.
        bound: No feasible assignment has a smaller regret.
        optimal: Whether the regret was proven to reach the bound.
    """

    servers: Integers
    regret: float
    bound: float
    optimal: bool


def _allowed(problem: Problem) -> Integers:
    """The places of the candidates that the rules allow."""
    rules, riding = problem.rules, set(problem.riding)
    return np.array(
        [
            place
            for place, candidate in enumerate(problem.candidates)
            if rules.allow(candidate.subset)
            and (rules.overlap or len(candidate.values) == len(set(candidate.subset) - riding))
        ],
        dtype=np.int64,
    )


def _losses(problem: Problem, position: Integers) -> Floats:
    """Weighted losses, at risk where the problem has one, by allowed candidate and unit; shape [C, T]."""
    index = {task: place for place, task in enumerate(problem.tasks)}
    rows = [problem.candidates[place] for place in position.tolist()]
    loss = np.full((len(rows), len(index)), np.inf)
    sign = 1.0 if problem.direction == "minimize" else -1.0
    for row, candidate in enumerate(rows):
        for task, value in candidate.values.items():
            loss[row, index[task]] = sign * value + problem.risk * candidate.errors.get(task, 0.0)
    loss *= np.array(problem.weights)
    units = problem.rules.units(problem.tasks)
    if len(units) == len(index):
        return loss
    return np.stack([loss[:, [index[task] for task in unit]].sum(axis=1) for unit in units], axis=1)
