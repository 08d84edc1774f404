"""What a search can measure: a subset, trained in one of several ways."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from taskgroup.spec import Subset


@dataclass(frozen=True, order=True)
class Arm:
    """A network that a search may train and measure.

    Attributes:
        subset: Its tasks.
        way: The place of the way of training among `Ways`; 0 for a single task, which has but one.
    """

    subset: Subset
    way: int = 0


def at_home(subsets: Iterable[Subset]) -> list[Arm]:
    """Networks, trained in the first way."""
    return [Arm(subset) for subset in subsets]


def _one_level() -> NDArray[np.int64]:
    return np.zeros((1, 0), dtype=np.int64)


@dataclass(frozen=True, eq=False)
class Ways:
    """The ways of joint training that a search compares; the first is its home, in which all subsets start.

    Shape letters: `W` ways, `F` factors in which they differ.

    Attributes:
        levels: Shape [W, F], each way's level of each factor, such as sharing depth, weighting or fidelity.
        full: One a way: the way of which it is a shorter form, or itself. Only a network trained at full
            length may be served; a short run tells of it.
        cost: What a run takes, as a share of a full one, one a way.
    """

    levels: NDArray[np.int64] = field(default_factory=_one_level)
    full: tuple[int, ...] = (0,)
    cost: tuple[float, ...] = (1.0,)

    def __len__(self) -> int:
        return len(self.full)

    @cached_property
    def serving(self) -> tuple[int, ...]:
        """The ways at full length."""
        return tuple(way for way, full in enumerate(self.full) if way == full)

    def short(self, way: int) -> tuple[int, ...]:
        """The shorter forms of a way."""
        return tuple(other for other, full in enumerate(self.full) if full == way != other)

    def neighbours(self, way: int) -> tuple[int, ...]:
        """The ways at full length that differ from one in a single factor."""
        apart = (self.levels != self.levels[way]).sum(axis=1)
        return tuple(other for other in self.serving if apart[other] == 1)

    def of(self, subsets: Iterable[Subset]) -> list[Arm]:
        """Every subset in every way at full length, first way first; a single task in the first way only."""
        listed = list(subsets)
        return [Arm(subset, way) for way in self.serving for subset in listed if way == 0 or len(subset) > 1]


ONE_WAY = Ways()
