"""Sets of tasks as bit masks: bit t stands for task t.

Shape letters: `C` rows, `T` tasks, `M = 2^T` masks, `P = (3^T - 1) / 2` ways to split a mask.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from taskgroup.grouping.regret import Floats, Integers

_BLOCK_ELEMENTS = 1 << 20


@dataclass(frozen=True)
class Splits:
    """Every way to split a mask into a part that holds its lowest bit and a rest that may be empty.

    Attributes:
        part: Shape [P], sorted by `part | rest`.
        rest: Shape [P].
        whole: Shape [P], the mask that is split, less 1.
        start: Shape [M], where the splits of mask m (from 1 on) begin at place m - 1; the last is P.
    """

    part: Integers
    rest: Integers
    whole: Integers
    start: Integers

    def of(self, mask: int) -> slice:
        """Where the splits of one mask stand."""
        return slice(int(self.start[mask - 1]), int(self.start[mask]))


@lru_cache(maxsize=4)
def splits(n_tasks: int) -> Splits:
    """List the splits of every mask of `n_tasks` tasks but the empty one."""
    part = rest = np.zeros(1, dtype=np.int64)
    for bit in 1 << np.arange(n_tasks, dtype=np.int64):  # each task goes to neither, the part, the rest
        part, rest = np.concatenate([part, part | bit, part]), np.concatenate([rest, rest, rest | bit])
    mask = part | rest
    holds_lowest = (mask & -mask & part) > 0
    part, rest, mask = part[holds_lowest], rest[holds_lowest], mask[holds_lowest]
    order = np.argsort(mask, kind="stable")
    whole = mask[order] - 1
    return Splits(part[order], rest[order], whole, np.searchsorted(whole, np.arange(2**n_tasks)))


def mask_totals(regret: Floats, *, overlap: bool = True) -> Floats:
    """Sum each row's regrets over the tasks of every mask; shape [C, T] to [C, M].

    Without overlap a row serves all of its tasks or none, and every other mask is infinite.

    >>> mask_totals(np.array([[1.0, 5.0]])).tolist()
    [[0.0, 1.0, 5.0, 6.0]]
    """
    totals = np.zeros((len(regret), 1))
    for task in range(regret.shape[1]):
        totals = np.concatenate([totals, totals + regret[:, task, None]], axis=1)
    if not overlap:
        own = np.isfinite(regret) @ (1 << np.arange(regret.shape[1]))
        totals[np.arange(totals.shape[1]) != own[:, None]] = np.inf
    return totals


def least_mask_totals(regret: Floats, *, overlap: bool = True) -> Floats:
    """The least of `mask_totals` over the rows, without holding them all; shape [C, T] to [M]."""
    n_rows, n_tasks = regret.shape
    least = np.full(2**n_tasks, np.inf)
    step = max(1, _BLOCK_ELEMENTS >> n_tasks)
    for start in range(0, n_rows, step):
        totals = mask_totals(regret[start : start + step], overlap=overlap)
        np.minimum(least, totals.min(axis=0), out=least)
    return least


def members(mask: int, n_tasks: int) -> Integers:
    """The tasks of a mask, in order.

    >>> members(0b101, 3).tolist()
    [0, 2]
    """
    return np.flatnonzero((mask >> np.arange(n_tasks)) & 1)
