"""The random numbers that put rows in order, common to all subsets of tasks.

Every training row has its own random numbers in an epoch of a seed. Two subsets that have a task in common
therefore see its rows in the same order, so that their difference is less of an accident (common random
numbers), although the batches differ.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import final

import numpy as np
from numpy.typing import NDArray

from taskgroup.seeds import derive_seed

Indices = NDArray[np.int64]
Floats = NDArray[np.float64]


@final
class EpochKeys:
    """Independent uniform numbers for all training rows of a seed in one epoch.

    Args:
        seed: The run seed.
        epoch: From 0.
        n_rows: Training rows of all tasks.
    """

    def __init__(self, seed: int, epoch: int, n_rows: int) -> None:
        self._of = (seed, epoch)
        self._n_rows = n_rows
        self._drawn: dict[tuple[str, int], Floats] = {}

    def keys(self, purpose: str, repetition: int) -> Floats:
        """Shape [n_rows]; others for each purpose and repetition."""
        if (purpose, repetition) not in self._drawn:
            rng = np.random.default_rng(derive_seed(*self._of, "order", purpose, repetition))
            self._drawn[purpose, repetition] = rng.random(self._n_rows)
        return self._drawn[purpose, repetition]


def _unknown(task: int, other: int) -> float:
    raise AssertionError("nobody said how alike the tasks of this stream are")


@dataclass(frozen=True)
class StreamDraws:
    """What an epoch of one stream is made of.

    Attributes:
        keys: The random numbers of the seed and epoch.
        rows: The training rows of every task of the subset.
        tasks: Their names.
        losses: Their validation losses after every epoch so far, [epochs, tasks]; NaN where a task trains no
            more. None where no sampling of the stream needs them.
        alone: The lowest validation losses of single-task runs, by task, where a sampling needs them.
        similarity: How alike two tasks are, from 0 to 1, by their positions in the subset.
    """

    keys: EpochKeys
    rows: Sequence[Indices]
    tasks: Sequence[str] = ()
    losses: Floats | None = None
    alone: Mapping[str, float] = field(default_factory=dict)
    similarity: Callable[[int, int], float] = _unknown

    @property
    def sizes(self) -> list[int]:
        """Training rows of every task."""
        return [len(rows) for rows in self.rows]

    def choose(self, task: int, count: int) -> tuple[Indices, Floats]:
        """Choose rows of a task, each equally often or once more, and a random place in the epoch for each.

        Args:
            task: Its position in the subset.
            count: How many rows.

        Returns:
            Row numbers and places from 0 to 1, both [count].
        """
        rows = self.rows[task]
        whole, rest = divmod(count, len(rows))
        passes = [rows] * whole
        if rest:
            passes.append(self.shuffled(task, repetition=whole)[:rest])
        places = [self.keys.keys("place", i)[chosen] for i, chosen in enumerate(passes)]
        return np.concatenate(passes), np.concatenate(places)

    def shuffled(self, task: int, *, repetition: int = 0) -> Indices:
        """The rows of a task in random order."""
        rows = self.rows[task]
        return rows[np.argsort(self.keys.keys("choice", repetition)[rows])]
