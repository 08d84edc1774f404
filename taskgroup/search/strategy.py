"""How a search spends its runs: the contract of a strategy, and what it gets to see.

The driver measures what a strategy proposes and asks again with the results, until the runs are spent or the
strategy proposes nothing. A strategy keeps no state of its own, so that a resumed search goes on alike.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from taskgroup.errors import InfeasibleError
from taskgroup.grouping import Candidate, Grouping, Problem, Rules, solve
from taskgroup.search.arm import ONE_WAY, Arm, Ways
from taskgroup.spec import Subset

Values = Mapping[Arm, Mapping[str, float]]
"""What each network is worth to each of its tasks; higher is better."""

SubsetValues = Mapping[Subset, Mapping[str, float]]
"""The same by subset, where there is one way of training."""


_MANY_TASKS = 12


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
        cost: Serving cost of a network in network equivalents.
        allowed: Whether a network may be proposed.
        n_left: How many more networks can be measured, in full runs.
        candidates: The only subsets that a grouping may hold; None for all.
        noise: Variance of a measured value by task, from repeated seeds; empty where nothing was repeated.
        hints: Cheap guesses of who helps whom, [target, source] each in any unit.
        rules: What every network of a grouping keeps to besides the limit.
        risk: Standard errors by which a value counts as worse than it is.
        errors: Standard error of a measured joint value by task; empty where nothing was repeated.
        seed: For strategies that draw.
        ways: The ways of joint training that networks are compared in.
        auxiliary: Those of the tasks that only ride along; `allowed` refuses subsets of these alone.
    """

    tasks: Subset
    values: Values
    importance: Mapping[str, float]
    limit: ServingLimit
    cost: Callable[[Arm], float]
    n_left: float
    allowed: Callable[[Arm], bool] = field(default=lambda _: True)
    candidates: tuple[Subset, ...] | None = None
    noise: Mapping[str, float] = field(default_factory=dict)
    hints: tuple[NDArray[np.float64], ...] = ()
    rules: Rules = field(default_factory=Rules)
    risk: float = 0.0
    errors: Mapping[str, float] = field(default_factory=dict)
    seed: int = 0
    ways: Ways = ONE_WAY
    auxiliary: Subset = ()

    @cached_property
    def targets(self) -> Subset:
        """The tasks that are served and measured, in the order of the task list."""
        return tuple(task for task in self.tasks if task not in self.auxiliary)

    @cached_property
    def at_home(self) -> SubsetValues:
        """What was measured in the first way, by subset."""
        return {arm.subset: of_tasks for arm, of_tasks in self.values.items() if arm.way == 0}

    @cached_property
    def served(self) -> Values:
        """What was measured of networks that may be served."""
        return {arm: of_tasks for arm, of_tasks in self.values.items() if arm.way in self.ways.serving}

    def subsets(self, *, smallest: int, largest: int) -> Iterable[Subset]:
        """Subsets of these sizes that may be proposed in the first way, small first, in task-list order."""
        listed = subsets_of(self.tasks, smallest=smallest, largest=largest)
        return (subset for subset in listed if self.allowed(Arm(subset)))

    def _errors(self, subset: Subset) -> dict[str, float]:
        """A task alone is what gains are measured against, and has no error."""
        return {task: self.errors[task] for task in subset if len(subset) > 1 and task in self.errors}

    def best_grouping(self, values: Values) -> Grouping | None:
        """Solve the grouping exactly among some subsets.

        Args:
            values: Measured or predicted values of every network to choose from.

        Returns:
            The best grouping; None where no choice among them serves every task within the limit.
        """
        candidates = [
            Candidate(arm.subset, self.cost(arm), of_tasks, errors=self._errors(arm.subset))
            for arm, of_tasks in values.items()
        ]
        try:
            return solve(
                Problem(
                    tasks=self.targets,
                    candidates=tuple(candidates),
                    direction="maximize",
                    importance=self.importance,
                    budget=self.limit.budget,
                    max_groups=self.limit.max_groups,
                    rules=self.rules,
                    risk=self.risk,
                    riding=self.auxiliary,
                )
            )
        except InfeasibleError:
            return None


class Strategy(Protocol):
    """Chooses what to measure next and says what it makes of what was measured."""

    def propose(self, state: State, n: int) -> list[Arm]:
        """Name up to `n` networks that were not measured yet, most wanted first; none ends the search."""
        ...

    def expected(self, state: State) -> Values:
        """What it believes networks to be worth: all that it would build a grouping of, measured or not."""
        ...


def batch_size(n_tasks: int, n_measured: int) -> int:
    """Subsets measured between two looks: learning from each pays where a look is cheap.

    With few tasks every run is looked at; with many, a look takes seconds, and the more is known the less
    one run more changes.
    """
    if n_tasks < _MANY_TASKS:
        return 1
    return max(n_tasks // 6, n_measured // 10)


def subsets_of(tasks: Subset, *, smallest: int, largest: int) -> Iterator[Subset]:
    """All subsets of these sizes, small ones first, in task-list order."""
    for size in range(smallest, largest + 1):
        yield from itertools.combinations(tasks, size)
