"""Choosing networks for many value tables at once: the inner step of a search, fast and without proof.

Shape letters: `M` value tables, `C` subsets, `T` tasks.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from taskgroup.grouping import choose_rows, choose_rows_exactly
from taskgroup.search.surrogate import Floats, Integers

_EXACT_TASKS = 8


@dataclass(frozen=True)
class Choice:
    """Networks to choose from and the limit.

    Attributes:
        members: Shape [C, T], 1 where the subset trains the task.
        weights: Importance of each task, [T].
        cost: Serving cost of each subset, [C].
        max_groups: The most networks.
        budget: The most that they may cost together; None without that limit.
        units: Tasks by place that one network must serve together; every task alone by default.
    """

    members: Floats
    weights: Floats
    cost: Floats
    max_groups: int
    budget: float | None = None
    units: tuple[tuple[int, ...], ...] = ()

    def among(self, rows: Integers) -> Choice:
        """The same with some of the subsets only."""
        return Choice(
            self.members[rows], self.weights, self.cost[rows], self.max_groups, self.budget, self.units
        )

    def best(self, values: Floats) -> tuple[Floats, Integers]:
        """The best networks for each value table.

        Args:
            values: Shape [M, C, T], higher is better; entries of tasks outside the subset are not read.

        Returns:
            The importance-weighted totals [M] and the subset that serves each task [M, T].

        Raises:
            InfeasibleError: If no choice serves every task within the limit.
        """
        weighted = np.where(self.members > 0, values * self.weights, np.nan)
        if self.units:  # a unit's value is known where all of its tasks' are
            weighted = np.stack([weighted[:, :, unit].sum(axis=2) for unit in self.units], axis=2)
        if weighted.shape[2] <= _EXACT_TASKS and self.budget is None:
            servers = choose_rows_exactly(weighted, max_groups=self.max_groups)
        else:
            servers = np.array([self._by_swaps(table) for table in weighted])
        servers = self._of_tasks(servers)
        return self.total(values, servers), servers

    def total(self, values: Floats, servers: Integers) -> Floats:
        """What assignments are worth, [M]; `servers` is [M, T] or one [T] for all tables."""
        n_tables, _, n_tasks = values.shape
        rows = np.broadcast_to(servers, (n_tables, n_tasks))
        picked = values[np.arange(n_tables)[:, None], rows, np.arange(n_tasks)]
        return np.asarray(picked @ self.weights)

    def _of_tasks(self, of_units: Integers) -> Integers:
        """The subset that serves each task, from the one that serves each unit, [M, T]."""
        if not self.units:
            return of_units
        servers = np.empty((len(of_units), self.members.shape[1]), dtype=np.int64)
        for place, unit in enumerate(self.units):
            servers[:, unit] = of_units[:, place, None]
        return servers

    def _by_swaps(self, values: Floats) -> Integers:
        return choose_rows(values, max_groups=self.max_groups, cost=self.cost, budget=self.budget)
