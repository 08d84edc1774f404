"""Sampling for a main task: the others fade, the sooner the less alike they are."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import final

import numpy as np

from taskgroup.spec import Schedule
from taskgroup.training.sampling.draws import Floats, Indices, StreamDraws
from taskgroup.training.sampling.mixing import counts_by_weight, mixed, steps_of

_FALLS: dict[Schedule, Callable[[float], float]] = {
    "constant": lambda _: 1.0,
    "exponential": lambda x: math.exp(-x),
    "sigmoid": lambda x: 2.0 / (1.0 + math.exp(x)),
}


@final
@dataclass(frozen=True)
class MainTask:
    """`share * s_t * n_t * f(rate * e / (E - 1))` rows of each other task t in epoch e of E; the rest is main's.

    The schedule f is `1` (constant), `exp(-x)` (exponential) or `2 / (1 + exp(x))` (sigmoid): the probability
    of an auxiliary task in the reference, scaled to start at 1. `s_t`, from 0 to 1, is how alike t and the
    main task are, and E the most epochs there may be, so that what stops early has seen only the beginning.
    An epoch is as long as a proportional one: what the others leave is filled with the main task, which so
    has all its rows in it, once or more often. A subset without the main task is sampled proportionally.

    Attributes:
        main: Its name.
        schedule: The name of f.
        rate: How fast it falls.
        share: Where it starts.
        similarity: `s_t` by task; those that are not given come from the training rows (`TaskSimilarity`).

    Reference:
        Kiperwasser, Ballesteros 2018, "Scheduled multi-task learning: from syntax to translation", sec. 3
        (constant, exponential and sigmoid schedules). Similarity and numbers of rows are added here.
    """

    main: str
    schedule: Schedule = "exponential"
    rate: float = 3.0
    share: float = 1.0
    similarity: Mapping[str, float] = field(default_factory=dict)
    mixes_tasks = True
    needs_validation = False

    def n_steps(self, sizes: Sequence[int], batch_size: int) -> int:  # noqa: D102
        return steps_of(sum(sizes), batch_size)

    def order(self, draws: StreamDraws, *, batch_size: int, progress: float) -> Indices:  # noqa: D102
        if self.main not in draws.tasks:
            return mixed(draws, draws.sizes)
        return mixed(draws, counts_by_weight(self.rows(draws, progress), sum(draws.sizes)))

    def rows(self, draws: StreamDraws, progress: float) -> Floats:
        """How many rows of every task an epoch is to hold, not rounded, [tasks]."""
        main = draws.tasks.index(self.main)
        fall = self.share * _FALLS[self.schedule](self.rate * progress)
        rows = fall * self._similarities(draws, main) * np.asarray(draws.sizes, dtype=float)
        rows[main] = 0.0
        rows[main] = sum(draws.sizes) - rows.sum()
        return rows

    def _similarities(self, draws: StreamDraws, main: int) -> Floats:
        similarities = [
            self.similarity[task] if task in self.similarity else draws.similarity(main, position)
            for position, task in enumerate(draws.tasks)
        ]
        return np.asarray(similarities, dtype=np.float64)
