"""Epochs in which the rows of all tasks are shuffled together, so many of each."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from taskgroup.training.sampling.draws import Floats, Indices, StreamDraws


def mixed(draws: StreamDraws, counts: Sequence[int]) -> Indices:
    """Choose `counts[t]` rows of every task t and shuffle them together."""
    chosen = [draws.choose(task, count) for task, count in enumerate(counts) if count]
    rows, places = (np.concatenate(parts) for parts in zip(*chosen, strict=True))
    return rows[np.argsort(places)]


def counts_by_power(sizes: Sequence[int], exponent: float) -> list[int]:
    """Divide as many rows as there are among tasks in proportion to `size ** exponent`.

    >>> counts_by_power([90, 10], 1.0), counts_by_power([90, 10], 0.5), counts_by_power([90, 10], 0.0)
    ([90, 10], [75, 25], [50, 50])
    """
    return counts_by_weight(np.asarray(sizes, dtype=float) ** exponent, sum(sizes))


def counts_by_weight(weights: Floats, n_rows: int) -> list[int]:
    """Divide rows among tasks in proportion to their weights, by largest remainder.

    >>> counts_by_weight(np.array([2.0, 1.0]), 10)
    [7, 3]
    """
    exact = weights / weights.sum() * n_rows
    counts = np.floor(exact + 1e-9).astype(int)
    largest = np.argsort(counts - exact, kind="stable")[: n_rows - int(counts.sum())]
    counts[largest] += 1
    return [int(count) for count in counts]


def steps_of(n_rows: int, batch_size: int) -> int:
    """Batches that so many rows fill, the last one perhaps in part."""
    return -(-n_rows // batch_size)
