"""What a grouping is chosen from: candidate networks with their values, and the limit on serving."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from numbers import Integral, Real
from typing import get_args

from taskgroup.errors import InfeasibleError, InputError, nearest
from taskgroup.grouping.rules import Rules
from taskgroup.spec import Direction, Sharing, Subset, subset_name


@dataclass(frozen=True)
class Candidate:
    """One network that could be part of a grouping.

    Attributes:
        subset: The tasks that train in it.
        cost: Its serving cost in network equivalents, above 0.
        values: What it is worth to the tasks that it can serve; a task of the subset without a value
            can only ride along.
        row: The row of the table that it came from, counted from 1 below the header.
        sharing: How the tasks share the encoder, where that is known.
        weighting: How the losses are weighted, where that is known.
        hyperparameters: The training settings, where they are known.
        errors: Standard errors of the values, for a problem with a `risk`; 0 for a task not named.

    Raises:
        InputError: If the subset is empty or names a task twice, the cost is not positive, or a value
            is not finite or belongs to a task outside the subset, or an error is negative, not finite or
            belongs to no value.
    """

    subset: Subset
    cost: float
    values: Mapping[str, float]
    row: int | None = None
    sharing: Sharing | None = None
    weighting: str | None = None
    hyperparameters: Mapping[str, float | str] = field(default_factory=dict)
    errors: Mapping[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        _check_names(self.subset, f"{self.place}: the subset")
        if not (math.isfinite(self.cost) and self.cost > 0):
            raise InputError(f"{self.place} costs {self.cost!r}; a serving cost is a finite number above 0")
        for task, value in self.values.items():
            if task not in self.subset:
                raise InputError(
                    f"{self.place} has a value for {task!r}, which is not in its subset; "
                    f"{nearest(task, self.subset)}"
                )
            if not math.isfinite(value):
                raise InputError(
                    f"{self.place} has the value {value!r} for {task!r}; give a finite number, "
                    "or no value where it cannot serve the task"
                )
        for task, error in self.errors.items():
            if task not in self.values:
                raise InputError(
                    f"{self.place} has a standard error for {task!r}, which has no value; "
                    f"{nearest(task, self.values)}"
                )
            if not (math.isfinite(error) and error >= 0):
                raise InputError(
                    f"{self.place} has the standard error {error!r} for {task!r}; give a finite number, "
                    "at least 0"
                )

    @property
    def place(self) -> str:
        """The candidate's name in messages."""
        where = "" if self.row is None else f"row {self.row}, "
        return f"{where}candidate '{subset_name(self.subset)}'"


@dataclass(frozen=True)
class Problem:
    """Which networks to choose so that each task is served once and the values add up best.

    Attributes:
        tasks: The tasks to serve.
        candidates: The networks to choose from.
        direction: Whether large or small values are better.
        importance: Weights of the tasks in the total; 1.0 for a task not named.
        budget: The most that the chosen networks may cost together, in network equivalents.
        max_groups: The most networks that may be chosen. Without either limit any number may.
        rules: Which tasks must, may and must not share a network, and how many.
        risk: How many standard errors each value is taken to be worse than it was measured, so that a
            sure gain is preferred to an unsure one. Totals and bounds are then sums of such values.
        riding: Tasks that candidates may train although nobody wants them served.

    Raises:
        InputError: If the parts do not fit together; the message names the value and the fix. Whether
            the limit leaves a choice that serves every task is found out by `solve`.
    """

    tasks: Subset
    candidates: tuple[Candidate, ...]
    direction: Direction
    importance: Mapping[str, float] = field(default_factory=dict)
    budget: float | None = None
    max_groups: int | None = None
    rules: Rules = field(default_factory=Rules)
    risk: float = 0.0
    riding: Subset = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "tasks", tuple(self.tasks))
        object.__setattr__(self, "candidates", tuple(self.candidates))
        _check_names(self.tasks, "the task list")
        if self.direction not in get_args(Direction):
            raise InputError(
                f"direction is {self.direction!r}; {nearest(self.direction, get_args(Direction))}"
            )
        self._check_limit()
        self.rules.check_tasks((*self.tasks, *self.riding))
        self._check_importance()
        self._check_candidates()

    @cached_property
    def weights(self) -> tuple[float, ...]:
        """The importance of each task, in the order of the tasks."""
        return tuple(float(self.importance.get(task, 1.0)) for task in self.tasks)

    def _check_limit(self) -> None:
        budget, max_groups = self.budget, self.max_groups
        if budget is not None and max_groups is not None:
            raise InputError(f"budget {budget!r} and max_groups {max_groups!r} are both given; give one")
        if budget is not None and not (isinstance(budget, Real) and math.isfinite(budget) and budget > 0):
            raise InputError(f"budget is {budget!r}; give a finite number of network equivalents above 0")
        if max_groups is not None and (not isinstance(max_groups, Integral) or max_groups < 1):
            raise InputError(f"max_groups is {max_groups!r}; give a whole number of networks, at least 1")
        if not (isinstance(self.risk, Real) and math.isfinite(self.risk) and self.risk >= 0):
            raise InputError(f"risk is {self.risk!r}; give a number of standard errors, at least 0")

    def _check_importance(self) -> None:
        if not isinstance(self.importance, Mapping):
            raise InputError(f"importance is {self.importance!r:.80}; give a dict from task names to weights")
        for task, weight in self.importance.items():
            if task not in self.tasks:
                raise InputError(f"importance names the unknown task {task!r}; {nearest(task, self.tasks)}")
            if not (isinstance(weight, Real) and math.isfinite(weight) and weight > 0):
                raise InputError(f"importance of {task!r} is {weight!r}; give a finite number above 0")

    def _check_candidates(self) -> None:
        known = {*self.tasks, *self.riding}
        served: set[str] = set()
        for candidate in self.candidates:
            for task in candidate.subset:
                if task not in known:
                    raise InputError(
                        f"{candidate.place} names the unknown task {task!r}; {nearest(task, self.tasks)}"
                    )
            served.update(candidate.values)
        unserved = [task for task in self.tasks if task not in served]
        if unserved:
            raise InfeasibleError(
                f"no candidate has a value for {', '.join(map(repr, unserved))}; "
                "add a network that serves it, such as the task alone, or drop the task"
            )


def _check_names(names: Subset, place: str) -> None:
    if not names:
        raise InputError(f"{place} is empty; name at least one task")
    twice = [name for name in dict.fromkeys(names) if names.count(name) > 1]
    if twice:
        raise InputError(f"{place} names {twice[0]!r} twice; name each task once")
