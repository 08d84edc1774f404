"""Leaving out auxiliary tasks that do not earn their place.

The best of many networks tends to hold a useless auxiliary task or two whose noise was on their side. Of the
networks that train the same main tasks, the one with the fewest auxiliary ones is preferred whose value is
as near to the best one's as chance may have it: within a standard error, or more where many were compared.

Reference:
    Breiman 1984, "Classification and regression trees", sec. 3.4.3 (the one-standard-error rule); Donoho,
    Johnstone 1994, "Ideal spatial adaptation by wavelet shrinkage", sec. 2 (the universal threshold).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from taskgroup.search.arm import Arm
from taskgroup.search.strategy import Values
from taskgroup.spec import Subset


@dataclass(frozen=True)
class Leanness:
    """What is known of the networks that may take each other's place.

    Attributes:
        values: Of the measured networks.
        auxiliary: The tasks that only ride along.
        importance: Weight of each main task.
        noise: Variance by task of a joint value beyond what a seed does to all networks alike.
        errors: Standard error by task of a joint value over the task alone.
        allow: Whether a network of this subset may be part of a grouping.
    """

    values: Values
    auxiliary: Subset
    importance: Mapping[str, float]
    noise: Mapping[str, float] = field(default_factory=dict)
    errors: Mapping[str, float] = field(default_factory=dict)
    allow: Callable[[Subset], bool] = lambda subset: True

    def leaner(self, arm: Arm, serves: Subset) -> Arm:
        """The network to serve these tasks by, in place of one: itself, or one with fewer auxiliary tasks."""
        if self._riding(arm).isdisjoint(arm.subset) or not self._known(arm, serves):
            return arm
        own = self._total(arm, serves)
        rivals = [other for other in self.values if self._could_replace(other, arm, serves)]
        n_errors = max(1.0, math.sqrt(2.0 * math.log(len(rivals) + 1)))
        fitting = [
            other
            for other in rivals
            if self._total(other, serves) >= own - n_errors * self._standard_error(other, serves)
        ]
        return min([arm, *fitting], key=lambda a: (len(self._riding(a)), -self._total(a, serves)))

    def _could_replace(self, other: Arm, arm: Arm, serves: Subset) -> bool:
        """Whether it trains the same main tasks in the same way, with some of the auxiliary ones."""
        same_way = other.way == arm.way or len(other.subset) == 1
        fewer = self._riding(other) < self._riding(arm)
        same_main = set(other.subset) - self._riding(other) == set(arm.subset) - self._riding(arm)
        return same_way and fewer and same_main and self._known(other, serves) and self.allow(other.subset)

    def _known(self, arm: Arm, serves: Subset) -> bool:
        return all(task in self.values.get(arm, {}) for task in serves)

    def _riding(self, arm: Arm) -> frozenset[str]:
        return frozenset(self.auxiliary).intersection(arm.subset)

    def _total(self, arm: Arm, serves: Subset) -> float:
        return math.fsum(self.importance.get(task, 1.0) * self.values[arm][task] for task in serves)

    def _standard_error(self, other: Arm, serves: Subset) -> float:
        """Of the difference of totals: between two joint networks, or one and the task alone."""
        variances = (
            self.errors.get(task, 0.0) ** 2 if len(other.subset) == 1 else 2.0 * self.noise.get(task, 0.0)
            for task in serves
        )
        weights = (self.importance.get(task, 1.0) for task in serves)
        return math.sqrt(math.fsum(w**2 * v for w, v in zip(weights, variances, strict=True)))
