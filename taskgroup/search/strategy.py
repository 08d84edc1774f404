"""How a search spends its runs: the contract of a strategy, and what it gets to see.

The driver measures what a strategy proposes and asks again with the results, until the runs are spent or the
strategy proposes nothing. A strategy keeps no state of its own, so that a resumed search goes on alike.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from taskgroup.errors import InfeasibleError
from taskgroup.grouping import Candidate, Grouping, Problem, solve
from taskgroup.spec import Subset

Values = Mapping[Subset, Mapping[str, float]]
"""What each subset is worth to each of its tasks; higher is better."""


@dataclass(frozen=True)
class ServingLimit:
    """At most `max_groups` networks, or a `budget` in network equivalents, or neither."""

    max_groups: int | None = None
    budget: float | None = None


@dataclass(frozen=True)
class State:
    """What a strategy sees.

    Attributes:
        tasks: The task list.
        values: Measured means so far: all single tasks (0 where values are gains) and what was proposed.
        importance: Weight of each task.
        limit: What the recommended grouping may cost.
        cost: Serving cost of a subset in network equivalents.
        allowed: Whether a subset may be proposed.
        n_left: How many more subsets can be measured.
        seed: For strategies that draw.
    """

    tasks: Subset
    values: Values
    importance: Mapping[str, float]
    limit: ServingLimit
    cost: Callable[[Subset], float]
    n_left: int
    allowed: Callable[[Subset], bool] = field(default=lambda _: True)
    seed: int = 0

    def subsets(self, *, smallest: int, largest: int) -> Iterable[Subset]:
        """All allowed subsets of these sizes, small ones first, in task-list order."""
        for size in range(smallest, largest + 1):
            yield from filter(self.allowed, itertools.combinations(self.tasks, size))

    def best_grouping(self, values: Values) -> Grouping | None:
        """Solve the grouping exactly among some subsets.

        Args:
            values: Measured or predicted values of every subset to choose from.

        Returns:
            The best grouping; None where no choice among them serves every task within the limit.
        """
        candidates = [Candidate(subset, self.cost(subset), of_tasks) for subset, of_tasks in values.items()]
        try:
            return solve(
                Problem(
                    tasks=self.tasks,
                    candidates=tuple(candidates),
                    direction="maximize",
                    importance=self.importance,
                    budget=self.limit.budget,
                    max_groups=self.limit.max_groups,
                )
            )
        except InfeasibleError:
            return None


class Strategy(Protocol):
    """Chooses what to measure next."""

    def propose(self, state: State, n: int) -> list[Subset]:
        """Name up to `n` subsets that were not measured yet, most wanted first; none ends the search."""
        ...
