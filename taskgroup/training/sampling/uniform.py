"""Uniform sampling: each task equally often, however many rows it has."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

from taskgroup.training.sampling.draws import Indices, StreamDraws
from taskgroup.training.sampling.mixing import counts_by_power, mixed, steps_of


@final
@dataclass(frozen=True)
class Uniform:
    """`p_t = 1 / T`, in an epoch as long as a proportional one.

    Rows of small tasks stand in an epoch several times, all equally often to within one; of large tasks,
    every epoch draws other rows.
    """

    mixes_tasks = True
    needs_validation = False
    needs_single_tasks = False

    def n_steps(self, sizes: Sequence[int], batch_size: int) -> int:  # noqa: D102
        return steps_of(sum(sizes), batch_size)

    def order(self, draws: StreamDraws, *, batch_size: int, progress: float) -> Indices:  # noqa: D102
        return mixed(draws, counts_by_power(draws.sizes, 0.0))
