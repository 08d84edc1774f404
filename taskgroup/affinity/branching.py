"""Where an encoder should branch: a tree of tasks from their affinity at each sharing depth.

Sharing may help low in the encoder and hurt high in it. What sharing one block more adds is the difference of
two depths, so the gain of a task in a tree is taken to be the sum over blocks of the mean, over those it
shares the block with, of what that block adds for the pair. Where a group stays whole up to a depth, this is
the higher-order approximation at that depth (Standley 2020).

Tasks stay together unless parting gains more than noise explains: a shared block is served once.

Shape letters: S seeds, K depths, T tasks.

Reference:
    Vandenhende 2020 (Branched multi-task networks) and Standley 2020 (sec. 4.2); there a tree is made from
    similarities of representations, and groups from affinities at one depth.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from typing import final

import numpy as np
from numpy.typing import NDArray
from scipy import stats

Floats = NDArray[np.float64]
Part = tuple[int, ...]

EXACT_TASKS = 10
"""With more, parts are found by merging, not among all there are."""
_LEVEL = 0.95


@dataclass(frozen=True)
class Branching:
    """A tree over the tasks, and what is expected of it.

    Attributes:
        parts: The tasks that are together in each stretch of blocks, one list of parts a depth.
        gains: Its expected mean gain at every seed, [S].
        uniform: The same where all tasks share up to each depth, [K, S].
    """

    parts: tuple[tuple[Part, ...], ...]
    gains: Floats
    uniform: Floats


def best_branching(gains: Floats, importance: Floats) -> Branching:
    """Choose the tree of the greatest expected mean gain.

    Up to `EXACT_TASKS` tasks all trees are compared; above, parts are merged pair by pair as long as the sum
    over parts of the best gain of staying together up to some depth grows.

    Args:
        gains: Of each target (third axis) beside each source at each depth, [S, K, T, T]; the diagonal and
            cells that are NaN count as zero.
        importance: Weight of each task in the mean, [T].
    """
    trees = _Trees(gains, importance / importance.sum())
    everyone = tuple(range(gains.shape[2]))
    tree = trees.below(everyone, 0)
    added = [trees.added(everyone, step) for step in range(gains.shape[1])]
    return Branching(tree.parts, tree.gains, np.cumsum(added, axis=0))


@dataclass(frozen=True)
class _Tree:
    """Parts from one step on, and the gain that they add, [S]."""

    gains: Floats
    parts: tuple[tuple[Part, ...], ...] = ()
    mean: float = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "mean", float(self.gains.mean()))

    def beside(self, other: _Tree) -> _Tree:
        parts = tuple((*a, *b) for a, b in zip(self.parts, other.parts, strict=True))
        return _Tree(self.gains + other.gains, parts)


@final
class _Trees:
    """The best trees of every group of tasks from every step on; a step is one measured depth more."""

    def __init__(self, gains: Floats, weight: Floats) -> None:
        known = np.nan_to_num(gains)
        known[:, :, np.arange(len(weight)), np.arange(len(weight))] = 0.0
        self._added = np.diff(known, axis=1, prepend=0.0) * weight[:, None]
        self._n_steps = gains.shape[1]
        exact = len(weight) <= EXACT_TASKS
        self._divided: Callable[[Part, int], _Tree] = self._best_division if exact else self._merged
        self.added = cache(self._sum_added)
        self.below = cache(self._best_below)
        self._together = cache(self._kept_together)
        self._cover = cache(self._best_cover)

    def _sum_added(self, part: Part, step: int) -> Floats:
        """What sharing one more stretch of blocks adds to the mean gain, [S]."""
        if len(part) < 2:
            return np.zeros(len(self._added))
        rows = self._added[:, step][:, np.ix_(part, part)[0], np.array(part)]
        return np.asarray(rows.sum(axis=(1, 2)) / (len(part) - 1))

    def _best_below(self, part: Part, step: int) -> _Tree:
        """Keep a part together, or divide it where that gains more than noise explains."""
        if step == self._n_steps:
            return _Tree(np.zeros(len(self._added)))
        whole = self._together(part, step)
        if len(part) == 1:
            return whole
        divided = self._divided(part, step)
        return divided if _beyond_noise(divided.gains - whole.gains) else whole

    def _kept_together(self, part: Part, step: int) -> _Tree:
        rest = self.below(part, step + 1)
        return _Tree(self.added(part, step) + rest.gains, ((part,), *rest.parts))

    def _best_division(self, part: Part, step: int) -> _Tree:
        """The best of all divisions in two or more parts."""
        return max(
            (
                self._together(first, step).beside(self._cover(rest, step))
                for first, rest in _with_first(part)
                if rest
            ),
            key=lambda tree: tree.mean,
        )

    def _best_cover(self, part: Part, step: int) -> _Tree:
        """The best of all divisions, in one part too."""
        return max(
            (
                self._together(first, step).beside(self._cover(rest, step))
                if rest
                else self._together(first, step)
                for first, rest in _with_first(part)
            ),
            key=lambda tree: tree.mean,
        )

    def _merged(self, part: Part, step: int) -> _Tree:
        """Merge the two parts that gain most by it, as long as any two do, into two or more."""
        parts: list[Part] = [(task,) for task in part]
        while len(parts) > 2:
            found = [
                (self._outlook(merged, step) - self._outlook(a, step) - self._outlook(b, step), a, b, merged)
                for i, a in enumerate(parts)
                for b in parts[i + 1 :]
                for merged in [tuple(sorted(a + b))]
            ]
            grown, a, b, merged = max(found)
            if grown <= 0:
                break
            parts = sorted([merged, *(p for p in parts if p not in (a, b))])
        first, *others = (self._together(p, step) for p in parts)
        for other in others:
            first = first.beside(other)
        return first

    def _outlook(self, part: Part, step: int) -> float:
        """The best gain of staying together up to some depth, and then parting for good."""
        added = [self.added(part, later).mean() for later in range(step, self._n_steps)]
        return float(np.cumsum(added).max())


def _with_first(part: Part) -> list[tuple[Part, Part]]:
    """All divisions in two: a part with the first task, and the rest."""
    first, others = part[0], part[1:]
    found = []
    for mask in range(2 ** len(others)):
        chosen = tuple(task for i, task in enumerate(others) if mask >> i & 1)
        found.append(((first, *chosen), tuple(task for i, task in enumerate(others) if not mask >> i & 1)))
    return found


def _beyond_noise(differences: Floats) -> bool:
    """Whether a mean over seeds is above zero by a one-sided t-test; with one seed, whether it is above."""
    mean, n = differences.mean(), len(differences)
    if n == 1:
        return bool(mean > 0)
    error = differences.std(ddof=1) / np.sqrt(n)
    return bool(mean > max(stats.t.ppf(_LEVEL, n - 1) * error, 1e-12))
