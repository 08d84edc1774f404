"""Which tasks must, may and must not share a network, and how many."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations
from numbers import Integral

from taskgroup.errors import InputError, nearest
from taskgroup.spec import GroupingSpec, Subset


@dataclass(frozen=True)
class Rules:
    """What every network of a grouping has to keep to, besides the limit on their number or cost.

    Attributes:
        must_link: Sets of tasks that one and the same network serves. Another network may still train
            some of them as company for others.
        cannot_link: Sets of tasks of which no two train together, and so are not served together either:
            a candidate whose subset holds two of them is never chosen.
        min_size: The fewest tasks that train in a network; from 2 on it forbids single tasks too.
        max_size: The most tasks that train in a network.
        overlap: Whether a task may train in several of the networks. If not, the subsets of the chosen
            networks divide the tasks, and each network serves all tasks that it trains.

    Raises:
        InputError: If a set names fewer than two tasks, or the sizes are no whole numbers in order.
    """

    must_link: tuple[Subset, ...] = ()
    cannot_link: tuple[Subset, ...] = ()
    min_size: int | None = None
    max_size: int | None = None
    overlap: bool = True

    def __post_init__(self) -> None:
        for name in ("must_link", "cannot_link"):
            object.__setattr__(self, name, link_sets(name, getattr(self, name)))
        for name, size in (("min_size", self.min_size), ("max_size", self.max_size)):
            if size is not None and (not isinstance(size, Integral) or size < 1):
                raise InputError(f"{name} is {size!r}; give a whole number of tasks, at least 1")
        if self.min_size is not None and self.max_size is not None and self.min_size > self.max_size:
            raise InputError(f"min_size {self.min_size} exceeds max_size {self.max_size}; lower min_size")

    @classmethod
    def of(cls, spec: GroupingSpec) -> Rules:
        """Read the rules of a study's `grouping` section."""
        return cls(
            must_link=tuple(map(tuple, spec.must_link)),
            cannot_link=tuple(map(tuple, spec.cannot_link)),
            min_size=spec.min_size,
            max_size=spec.max_size,
            overlap=spec.overlap,
        )

    def allow(self, subset: Collection[str]) -> bool:
        """Whether a network that trains this subset could be part of a grouping.

        >>> Rules(cannot_link=(("a", "b"),), max_size=2).allow(("a", "c"))
        True
        """
        if len(subset) < (self.min_size or 1) or len(subset) > (self.max_size or len(subset)):
            return False
        if any(first in subset and second in subset for first, second in self._apart):
            return False
        return self.overlap or all(len(unit.intersection(subset)) in (0, len(unit)) for unit in self._linked)

    def units(self, tasks: Subset) -> tuple[Subset, ...]:
        """The tasks in the sets that are served together, most of one task each.

        >>> Rules(must_link=(("a", "c"), ("c", "d"))).units(("a", "b", "c", "d"))
        (('a', 'c', 'd'), ('b',))
        """
        unit_of = {task: unit for unit in self._linked for task in unit}
        units = dict.fromkeys(unit_of.get(task, frozenset([task])) for task in tasks)
        return tuple(tuple(task for task in tasks if task in unit) for unit in units)

    def check_tasks(self, tasks: Subset) -> None:
        """Refuse names that are no tasks, and sets that contradict each other.

        Raises:
            InputError: If one of these is found.
        """
        for name, sets in (("must_link", self.must_link), ("cannot_link", self.cannot_link)):
            for task in (task for names in sets for task in names):
                if task not in tasks:
                    raise InputError(f"{name} names the unknown task {task!r}; {nearest(task, tasks)}")
        for first, second in self._apart:
            if any(first in unit and second in unit for unit in self._linked):
                raise InputError(
                    f"must_link joins {first!r} and {second!r}, and cannot_link parts them; drop one of them"
                )

    @cached_property
    def _apart(self) -> tuple[tuple[str, str], ...]:
        return tuple(pair for names in self.cannot_link for pair in combinations(names, 2))

    @cached_property
    def _linked(self) -> tuple[frozenset[str], ...]:
        """The sets of `must_link`, those that share a task joined."""
        units: list[frozenset[str]] = []
        for names in self.must_link:
            touched = [unit for unit in units if unit.intersection(names)]
            units = [unit for unit in units if unit not in touched]
            units.append(frozenset(names).union(*touched))
        return tuple(units)


def link_sets(name: str, sets: Iterable[Iterable[str]]) -> tuple[Subset, ...]:
    """Read `must_link` or `cannot_link` from any lists of names.

    Raises:
        InputError: If these are no lists of at least two names each.
    """
    if isinstance(sets, str):
        raise InputError(f"{name} is {sets!r:.80}; give a list of lists of task names, such as [[a, b]]")
    sets = list(sets)
    if any(isinstance(names, str) for names in sets):
        raise InputError(f"{name} is {sets!r:.80}; give a list of lists of task names, such as [[a, b]]")
    read = tuple(tuple(dict.fromkeys(names)) for names in sets)
    for names in read:
        if len(names) < 2:
            raise InputError(f"{name} holds {list(names)!r}; name at least two tasks in each set")
    return read
