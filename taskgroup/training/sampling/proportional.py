"""Proportional sampling: every row once an epoch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

from taskgroup.training.sampling.draws import Indices, StreamDraws
from taskgroup.training.sampling.mixing import mixed, steps_of


@final
@dataclass(frozen=True)
class Proportional:
    """`p_t = n_t / sum_u n_u`: all rows of all tasks, once each, shuffled together.

    What a plain loader over the concatenated data sets does.
    """

    mixes_tasks = True
    needs_validation = False
    needs_single_tasks = False

    def n_steps(self, sizes: Sequence[int], batch_size: int) -> int:  # noqa: D102
        return steps_of(sum(sizes), batch_size)

    def order(self, draws: StreamDraws, *, batch_size: int, progress: float) -> Indices:  # noqa: D102
        return mixed(draws, draws.sizes)
