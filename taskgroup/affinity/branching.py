"""Where an encoder should branch: a tree of tasks from their affinity at each sharing depth.

Sharing may help low in the encoder and hurt high in it. What sharing one block more adds is the difference of
two depths, so the gain of a task in a tree is taken to be the sum over blocks of the mean, over those it
shares the block with, of what that block adds for the pair. Where a group stays whole up to a depth, this is
the higher-order approximation at that depth (Standley 2020).

Among so many trees noise alone makes some look better than keeping tasks together, which is also cheaper to
serve. So every part must gain more than noise gives the best of all divisions in two at any of the K depths:
the standard error of what a block adds for a pair, times the root of 2 ln(K 2^(T-1)), the universal threshold
(Donoho, Johnstone 1994) for so many comparisons. Simulated pairs that do nothing to each other, whose seeds
hit all pairs of a target alike, are then parted in 2 to 8 of 100 studies of 3 to 7 tasks (in up to 17 where
nothing is alike).

Shape letters: S seeds, K depths, T tasks.

Reference:
    Vandenhende 2020 (branched multi-task networks) and Standley 2020 (sec. 4.2); there a tree is made from
    similarities of representations, and groups from affinities at one depth.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Part = tuple[int, ...]

EXACT_TASKS = 10
"""With more, parts are found by merging, not among all there are."""


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
    """Choose the tree of the greatest expected mean gain beyond noise.

    Up to `EXACT_TASKS` tasks all trees are compared. Above, parts are merged pair by pair from the last block
    to the first, as long as two gain by sharing the block more than they lose by those before it.

    Args:
        gains: Of each target (third axis) beside each source at each depth, [S, K, T, T]; the diagonal and
            cells that are NaN count as zero.
        importance: Weight of each task in the mean, [T].
    """
    n_tasks = gains.shape[2]
    known = np.where(np.eye(n_tasks, dtype=bool), 0.0, np.nan_to_num(gains))
    added = np.diff(known, axis=1, prepend=0.0) * (importance / importance.sum())[:, None]
    everyone = tuple(range(n_tasks))
    trees = _Trees(added.mean(axis=0), price=_noise(added))
    parts = trees.below(everyone, 0).parts if n_tasks <= EXACT_TASKS else trees.merged()
    whole = [[everyone]] * len(parts)
    uniform = np.cumsum([_sum(added, step, of) for step, of in enumerate(whole)], axis=0)
    return Branching(parts, np.sum([_sum(added, step, of) for step, of in enumerate(parts)], axis=0), uniform)


def _sum(added: Floats, step: int, parts: Sequence[Part]) -> Floats:
    """What sharing one stretch of blocks more within parts adds to the mean gain at every seed, [S]."""
    total = np.zeros(len(added))
    for part in parts:
        total += added[:, step][:, part][:, :, part].sum(axis=(1, 2)) / max(1, len(part) - 1)
    return total


def _noise(added: Floats) -> float:
    """What noise gives the best division, by the pooled standard error of pairs; 0 with one seed."""
    n_seeds, n_depths, n_tasks, _ = added.shape
    if n_seeds == 1:
        return 0.0
    n_pairs = n_tasks * (n_tasks - 1) // 2
    squared_error = added.var(axis=0, ddof=1).sum() / n_depths / n_pairs / n_seeds
    log_divisions = np.log(n_depths) + (n_tasks - 1) * np.log(2)
    return float(np.sqrt(squared_error * 2 * log_divisions))


@dataclass(frozen=True)
class _Tree:
    """Parts from one step on, and the gain that they add beyond their price."""

    worth: float
    parts: tuple[tuple[Part, ...], ...] = ()


@final
class _Trees:
    """The best trees of every group of tasks from every step on; a step is one measured depth more.

    Args:
        added: What a step adds to each target's share of the mean gain beside each source, [K, T, T].
        price: Of each part.
    """

    def __init__(self, added: Floats, price: float) -> None:
        self._added, self._price = added, price
        self.below = cache(self._best_below)
        self._together = cache(self._kept_together)
        self._worth = cache(self._worth_of)

    def _worth_of(self, part: Part, step: int) -> float:
        rows = self._added[step][list(part)][:, list(part)]
        return float(rows.sum()) / max(1, len(part) - 1) - self._price

    def _kept_together(self, part: Part, step: int) -> _Tree:
        rest = self.below(part, step + 1)
        return _Tree(self._worth(part, step) + rest.worth, ((part,), *rest.parts))

    def _best_below(self, part: Part, step: int) -> _Tree:
        """The best of all divisions of a part; keeping it whole comes first and so wins ties."""
        if step == len(self._added):
            return _Tree(0.0)
        return max(
            (self._with_rest(first, rest, step) for first, rest in _with_first(part)),
            key=lambda tree: tree.worth,
        )

    def _with_rest(self, first: Part, rest: Part, step: int) -> _Tree:
        tree = self._together(first, step)
        return _beside(tree, self.below(rest, step)) if rest else tree

    def merged(self) -> tuple[tuple[Part, ...], ...]:
        """Parts for many tasks: from the last step to the first, merge what loses no more than noise."""
        parts: list[Part] = [(task,) for task in range(self._added.shape[1])]
        found: list[tuple[Part, ...]] = []
        for step in reversed(range(len(self._added))):
            while len(parts) > 1:
                grown, a, b = max(
                    (self._grown(a, b, step), a, b) for i, a in enumerate(parts) for b in parts[i + 1 :]
                )
                if grown < -self._price:  # both were picked for their gain, which noise alone makes too good
                    break
                parts = sorted([_merged(a, b), *(p for p in parts if p not in (a, b))])
            found.append(tuple(parts))
        return tuple(reversed(found))

    def _grown(self, a: Part, b: Part, step: int) -> float:
        """What two parts gain together at a step, less what they lose by sharing the steps before."""
        both = _merged(a, b)
        grown = [
            self._worth(both, place) - self._worth(a, place) - self._worth(b, place)
            for place in range(step, -1, -1)
        ]
        return grown[0] + min(0.0, *np.cumsum(grown[1:])) if step else grown[0]


def _beside(one: _Tree, other: _Tree) -> _Tree:
    parts = tuple((*a, *b) for a, b in zip(one.parts, other.parts, strict=True))
    return _Tree(one.worth + other.worth, parts)


def _merged(one: Part, other: Part) -> Part:
    return tuple(sorted(one + other))


def _with_first(part: Part) -> Iterator[tuple[Part, Part]]:
    """All divisions in two: a part with the first task, the whole one first, and the rest."""
    first, others = part[0], part[1:]
    for mask in reversed(range(2 ** len(others))):
        chosen = tuple(task for i, task in enumerate(others) if mask >> i & 1)
        yield (first, *chosen), tuple(task for i, task in enumerate(others) if not mask >> i & 1)
