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
class RegretTable:
    """What it loses, in importance-weighted value, to serve a task by a candidate that is not its best.

    Attributes:
        regret: Shape [C, T], at least 0; infinite where the candidate cannot serve the task.
        cost: Shape [C], in network equivalents.
        position: Shape [C], each candidate's place in the problem.
        budget: The most that the chosen candidates may cost together; infinite without that limit.
        max_groups: The most candidates that may be chosen; the number of tasks without that limit.
        size: The sum of the tasks' best weighted values without sign, which regrets are small against.
    """

    regret: Floats
    cost: Floats
    position: Integers
    budget: float
    max_groups: int
    size: float

    @classmethod
    def of(cls, problem: Problem) -> RegretTable:
        """Read the values of a problem as regrets."""
        values = np.array(
            [
                [candidate.values.get(task, np.nan) for task in problem.tasks]
                for candidate in problem.candidates
            ]
        )
        weighted = values * np.array(problem.weights)
        sign = 1.0 if problem.direction == "minimize" else -1.0
        loss = np.where(np.isnan(weighted), np.inf, sign * weighted)
        best = loss.min(axis=0)
        n_tasks = len(problem.tasks)
        return cls(
            regret=loss - best,
            cost=np.array([candidate.cost for candidate in problem.candidates], dtype=np.float64),
            position=np.arange(len(problem.candidates)),
            budget=np.inf if problem.budget is None else float(problem.budget),
            max_groups=n_tasks if problem.max_groups is None else min(int(problem.max_groups), n_tasks),
            size=float(np.abs(best).sum()),
        )

    @property
    def n_tasks(self) -> int:
        """The number of tasks, `T`."""
        return int(self.regret.shape[1])

    def keep(self, rows: npt.NDArray[np.bool_]) -> RegretTable:
        """Drop every candidate whose entry in `rows`, shape [C], is false."""
        return replace(self, regret=self.regret[rows], cost=self.cost[rows], position=self.position[rows])

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
        servers: Shape [T], the place in the problem of the candidate that serves each task.
        regret: The assignment's total regret.
        bound: No feasible assignment has a smaller regret.
        optimal: Whether the regret was proven to reach the bound.
    """

    servers: Integers
    regret: float
    bound: float
    optimal: bool
