"""A good choice of rows fast: additions and swaps, all tried at once, without a guarantee.

What every swap would bring is read off two matrices: each unit's regret when a row joins the best of the
chosen ones, and when it joins the second best, which serves where the best one leaves. So a round over
all rows and all chosen rows is two passes and one product.

Shape letters: `C` rows, `T` units, `K` chosen rows, `L` limits.

Reference: Teitz and Bart 1968 (swaps); Whitaker 1983, Resende and Werneck 2007 (all of them at once).
"""

from __future__ import annotations

import numpy as np

from taskgroup.grouping.regret import TOLERANCE, Floats, Integers, Limits

_KICKED = 2


def greedy(regret: Floats, limits: Limits) -> Integers:
    """Add the row that lowers the total most for its load, until none fits or helps.

    Args:
        regret: Shape [C, T], finite: a large number where a row cannot serve.
        limits: What the chosen rows may add up to.
    """
    chosen: list[int] = []
    ceiling, room = np.full(regret.shape[1], 2.0 * float(regret.max(initial=1.0))), limits.room.copy()
    while True:
        saved = np.maximum(ceiling - regret, 0.0).sum(axis=1) / limits.load[-1]
        saved[(limits.load > room[:, None] * (1 + TOLERANCE)).any(axis=0)] = 0.0
        row = int(saved.argmax())
        if saved[row] <= 0.0:
            return np.array(chosen, dtype=np.int64)
        chosen.append(row)
        ceiling, room = np.minimum(ceiling, regret[row]), room - limits.load[:, row]


def swap_search(regret: Floats, limits: Limits, chosen: Integers, *, slack: float = 0.0) -> Integers:
    """Improve a choice by its best addition or swap until none helps by more than the slack.

    Args:
        regret: Shape [C, T], finite: a large number where a row cannot serve.
        limits: What the chosen rows may add up to.
        chosen: Distinct rows within the limits; may be none.
        slack: What counts as no improvement.

    Returns:
        The rows of the better choice that serve a unit, in no special order.
    """
    unserved = 2.0 * float(regret.max(initial=1.0))
    total = _total(regret, chosen, unserved)
    while True:
        move = _best_move(regret, limits, chosen, unserved)
        if move is None or move[0] >= total - slack - TOLERANCE * total:
            return chosen[np.unique(regret[chosen].argmin(axis=0))] if len(chosen) else chosen
        total, chosen = move


def kicked(regret: Floats, limits: Limits, chosen: Integers, *, n: int, rng: np.random.Generator) -> Integers:
    """Take out two chosen rows, put in random ones and improve again, `n` times; keep what is better."""
    unserved = 2.0 * float(regret.max(initial=1.0))
    total = _total(regret, chosen, unserved)
    for _ in range(n):
        kept = rng.permutation(chosen)[min(_KICKED, max(1, len(chosen) - 1)) :]
        start = _filled(limits, kept, rng.integers(len(regret), size=_KICKED))
        found = swap_search(regret, limits, start)
        if _total(regret, found, unserved) < total * (1 - TOLERANCE):
            total, chosen = _total(regret, found, unserved), found
    return chosen


def _total(regret: Floats, chosen: Integers, unserved: float) -> float:
    return float(regret[chosen].min(axis=0, initial=unserved).sum())


def _filled(limits: Limits, kept: Integers, more: Integers) -> Integers:
    """Add those of the rows that still fit."""
    for row in more.tolist():
        room = limits.room - limits.load[:, kept].sum(axis=1)
        if row not in kept and (limits.load[:, row] <= room).all():
            kept = np.append(kept, row)
    return kept


def _best_move(
    regret: Floats, limits: Limits, chosen: Integers, unserved: float
) -> tuple[float, Integers] | None:
    """The total after the best addition or swap, and the choice; None where nothing fits."""
    kept, places = regret[chosen], np.arange(regret.shape[1])
    best = kept.min(axis=0, initial=unserved)
    joined = np.minimum(regret, best)
    totals = np.empty((len(regret), len(chosen) + 1))  # the last column adds without dropping
    totals[:, -1] = joined.sum(axis=1)
    if len(chosen):
        server = kept.argmin(axis=0)
        kept[server, places] = unserved
        second = kept.min(axis=0)
        serves = np.zeros((regret.shape[1], len(chosen)))
        serves[places, server] = 1.0
        totals[:, :-1] = totals[:, -1:] + (np.minimum(regret, second) - joined) @ serves
    _forbid(totals, limits, chosen)
    row, dropped = divmod(int(totals.argmin()), totals.shape[1])
    if not np.isfinite(totals[row, dropped]):
        return None
    after = np.append(np.delete(chosen, dropped) if dropped < len(chosen) else chosen, row)
    return _total(regret, after, unserved), after


def _forbid(totals: Floats, limits: Limits, chosen: Integers) -> None:
    """Make what exceeds a limit infinite."""
    for load, room in zip(limits.load, limits.room, strict=True):
        spare = room - load[chosen].sum() + np.append(load[chosen], 0.0)
        if np.ptp(load) == 0.0:
            totals[:, spare * (1 + TOLERANCE) < load[0]] = np.inf
        elif load.max() > spare.min():
            totals[load[:, None] > spare * (1 + TOLERANCE)] = np.inf
