"""Strategies that do not learn: all pairs, random subsets, everything.

They train every subset in the first way and recommend the best grouping of what they measured.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import final

import numpy as np

from taskgroup.search.arm import Arm, at_home
from taskgroup.search.pool import ENUMERATED_TASKS, as_subset
from taskgroup.search.strategy import State, Values
from taskgroup.spec import Subset

_MOST_DRAWS = 10_000  # nearly all may be measured or refused


@final
class Pairs:
    """All pairs, evenly over tasks, and nothing else."""

    def propose(self, state: State, n: int) -> list[Arm]:
        """Unmeasured pairs."""
        return at_home(open_pairs(state)[:n])

    def expected(self, state: State) -> Values:
        """What was measured."""
        return state.served


@final
class Random:
    """Subsets drawn evenly from all that may be asked for."""

    def propose(self, state: State, n: int) -> list[Arm]:
        """Unmeasured subsets in an order that the seed decides."""
        rng = np.random.default_rng([state.seed, len(state.values)])
        if state.candidates is not None or len(state.tasks) <= ENUMERATED_TASKS:
            unseen = list(_unseen(state))
            return at_home(unseen[place] for place in rng.permutation(len(unseen))[:n])
        drawn: dict[Subset, None] = {}
        for _ in range(_MOST_DRAWS):
            if len(drawn) == n:
                break
            subset = as_subset(rng.random(len(state.tasks)) < 0.5, state.tasks)
            if len(subset) > 1 and subset not in state.at_home and state.allowed(Arm(subset)):
                drawn[subset] = None
        return at_home(drawn)

    def expected(self, state: State) -> Values:
        """What was measured."""
        return state.served


@final
class Exhaustive:
    """Every subset, small ones first."""

    def propose(self, state: State, n: int) -> list[Arm]:
        """The next unmeasured subsets."""
        return at_home(itertools.islice(_unseen(state), n))

    def expected(self, state: State) -> Values:
        """What was measured."""
        return state.served


def _unseen(state: State) -> Iterator[Subset]:
    listed = (
        state.subsets(smallest=2, largest=len(state.tasks)) if state.candidates is None else state.candidates
    )
    return (subset for subset in listed if subset not in state.at_home and state.allowed(Arm(subset)))


def open_pairs(state: State) -> list[Subset]:
    """Unmeasured pairs, ordered so that any first part of the list has every task about equally often."""
    return [
        pair for pair in balanced_pairs(state.tasks) if state.allowed(Arm(pair)) and pair not in state.at_home
    ]


def balanced_pairs(tasks: Subset) -> list[Subset]:
    """All pairs, neighbours on a circle first, then those two apart, and so on.

    >>> balanced_pairs(("a", "b", "c", "d"))
    [('a', 'b'), ('b', 'c'), ('c', 'd'), ('a', 'd'), ('a', 'c'), ('b', 'd')]
    """
    n = len(tasks)
    pairs = [(i, (i + step) % n) for step in range(1, n // 2 + 1) for i in range(n)]
    unique = dict.fromkeys((min(pair), max(pair)) for pair in pairs)
    return [(tasks[i], tasks[j]) for i, j in unique if i != j]
