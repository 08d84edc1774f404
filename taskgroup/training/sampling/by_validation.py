"""Sampling by validation: more rows of the tasks that lag behind what is known to be possible."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, final

import numpy as np

from taskgroup.training.sampling.draws import Floats, Indices, StreamDraws
from taskgroup.training.sampling.mixing import counts_by_weight, mixed, steps_of

_LEAST_QUALITY = 0.05
_STEPS_OF_QUALITY = 100.0  # coarse, so that a loss in other company, equal to rounding, draws the same rows


@final
@dataclass(frozen=True)
class ByValidation:
    """`p_t ∝ n_t ** (1 / temperature) / (q_t ** strength + 0.05)`, in an epoch as long as a proportional one.

    `q_t = min(1, b_t / l_t)`, rounded to hundredths, says how well task t does: `l_t` is its validation loss
    after the epoch before, and `b_t` the reference. That is the lowest of a single-task run with the same
    settings and seed, or the number given for the task, or else the lowest of the run itself so far: a task
    that the others make worse again is then repeated. `q_t` is 1 before the first epoch and where a task
    trains no more (`task_patience`). The 0.05 keeps a task from being drawn more than 21 times as often as
    one that does not lag.

    Validation rows thereby have a say in training, as they have in early stopping and in every choice between
    runs; test rows have none.

    Attributes:
        temperature: How far rows count where no task lags; 1 is in proportion to them.
        strength: How much a lag counts.
        references: Validation losses to compare with, by task; `single_task` for those of single-task runs,
            and `own_best` for none.

    Reference:
        After Jean, Firat, Johnson 2018, "Adaptive scheduling for multi-task learning" (explicit schedules;
        scores relative to those of single-task models, to a power), and Gottumukkala 2020, "Dynamic sampling
        strategies for multi-task reading comprehension" (by the gap to single tasks, each epoch). Both
        compare scores with those of single tasks; this compares losses, with the own best unless asked for.
    """

    temperature: float = 1.0
    strength: float = 1.0
    references: Mapping[str, float] | Literal["own_best", "single_task"] = "own_best"
    mixes_tasks = True
    needs_validation = True

    @property
    def needs_single_tasks(self) -> bool:  # noqa: D102
        return self.references == "single_task"

    def n_steps(self, sizes: Sequence[int], batch_size: int) -> int:  # noqa: D102
        return steps_of(sum(sizes), batch_size)

    def order(self, draws: StreamDraws, *, batch_size: int, progress: float) -> Indices:  # noqa: D102
        return mixed(draws, counts_by_weight(self.weights(draws), sum(draws.sizes)))

    def weights(self, draws: StreamDraws) -> Floats:
        """What the probability of every task is in proportion to, [tasks]."""
        by_size = np.asarray(draws.sizes, dtype=float) ** (1.0 / self.temperature)
        weights: Floats = by_size / (self._quality(draws) ** self.strength + _LEAST_QUALITY)
        return weights

    def _quality(self, draws: StreamDraws) -> Floats:
        """How near every task is to its reference, from 0 to 1, [tasks]."""
        if draws.losses is None or not len(draws.losses):
            return np.ones(len(draws.sizes))
        latest, own_best = draws.losses[-1], np.fmin.reduce(draws.losses, axis=0)
        given = draws.alone if isinstance(self.references, str) else self.references
        best = np.array([given.get(task, own) for task, own in zip(draws.tasks, own_best, strict=True)])
        behind = latest > best  # not where either is NaN
        quality = np.ones(len(latest))
        quality[behind] = best[behind] / latest[behind]
        return np.round(quality * _STEPS_OF_QUALITY) / _STEPS_OF_QUALITY
