"""Which tasks of a run have one head, and how it starts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from taskgroup.spec import Subset


@dataclass(frozen=True)
class HeadPlan:
    """The heads of a run.

    Attributes:
        first: For each task, the place of the first task with the same head; its own where it has one alone.
        name: By which each head's initial weights are drawn, at the place of its first task.
    """

    first: tuple[int, ...]
    name: tuple[str, ...]

    def tasks(self, place: int) -> tuple[int, ...]:
        """The places of the tasks whose head stands at a place."""
        return tuple(task for task, first in enumerate(self.first) if first == place)


def plan_heads(
    subset: Subset, n_outputs: Mapping[str, int], kinds: Mapping[str, str], *, shared: bool
) -> HeadPlan:
    """Give every task its head.

    Args:
        subset: The run's tasks.
        n_outputs: Output columns of every task.
        kinds: Kind of every task.
        shared: Whether tasks of equal kind and number of outputs have one head. It starts by that kind and
            number, whichever tasks these are.
    """
    if not shared:
        return HeadPlan(tuple(range(len(subset))), subset)
    alike = [(kinds[task], n_outputs[task]) for task in subset]
    first = tuple(alike.index(form) for form in alike)
    names = [
        task if alike.count(form) == 1 else f"all {form[0]} {form[1]}"
        for task, form in zip(subset, alike, strict=True)
    ]
    return HeadPlan(first, tuple(names))
