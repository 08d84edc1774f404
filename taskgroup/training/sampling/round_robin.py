"""Round robin: each batch holds one task's rows, the tasks in turn."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

import numpy as np

from taskgroup.training.sampling.draws import Indices, StreamDraws
from taskgroup.training.sampling.mixing import steps_of


@final
@dataclass(frozen=True)
class RoundRobin:
    """Batch after batch of one task each, in the order of the task list; all rows once an epoch.

    A task whose rows are used up drops out of the turn until the next epoch. Its last batch may be short.
    """

    mixes_tasks = False
    needs_validation = False
    needs_single_tasks = False

    def n_steps(self, sizes: Sequence[int], batch_size: int) -> int:  # noqa: D102
        return sum(steps_of(size, batch_size) for size in sizes)

    def order(self, draws: StreamDraws, *, batch_size: int, progress: float) -> Indices:  # noqa: D102
        batches = []
        for task, size in enumerate(draws.sizes):
            padded = np.full((steps_of(size, batch_size), batch_size), -1, dtype=np.int64)
            padded.flat[:size] = draws.shuffled(task)
            batches += [(turn, task, rows) for turn, rows in enumerate(padded)]
        return np.concatenate([rows for _, _, rows in sorted(batches, key=lambda batch: batch[:2])])
