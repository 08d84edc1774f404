"""Sampling for a main task: the others fade, the sooner the less alike they are."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import final

import numpy as np

from taskgroup.spec import Schedule
from taskgroup.training.sampling.draws import Floats, Indices, StreamDraws
from taskgroup.training.sampling.mixing import mixed, steps_of

_FALLS: dict[Schedule, Callable[[float], float]] = {
    "constant": lambda _: 1.0,
    "exponential": lambda x: math.exp(-x),
    "sigmoid": lambda x: 2.0 / (1.0 + math.exp(x)),
}


@final
@dataclass(frozen=True)
class MainTask:
    """All rows of the main task, and `share * s_t * n_t * f(rate * e / (E - 1))` of each other task t.

    That is in epoch e of E, where E is the most that there may be: what stops early has seen only the
    beginning of the schedule. `s_t`, from 0 to 1, is how alike t and the main task are, and f is `1`
    (constant), `exp(-x)` (exponential) or `2 / (1 + exp(x))` (sigmoid): the probability of an auxiliary task
    in the reference, scaled to start at 1.

    An epoch is a proportional one in which the places of the rows left out stay empty: it has as many steps,
    and the main task has the same rows in each. (To fill them with the main task, as probabilities would,
    shows a small one so often that it overfits.) A subset without the main task is sampled proportionally.

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
    needs_single_tasks = False

    def n_steps(self, sizes: Sequence[int], batch_size: int) -> int:  # noqa: D102
        return steps_of(sum(sizes), batch_size)

    def order(self, draws: StreamDraws, *, batch_size: int, progress: float) -> Indices:  # noqa: D102
        order = mixed(draws, draws.sizes)
        for task, count in enumerate(self.counts(draws, progress)):
            order[np.isin(order, draws.shuffled(task)[count:])] = -1
        return order

    def counts(self, draws: StreamDraws, progress: float) -> list[int]:
        """How many rows of every task the epoch holds."""
        if self.main not in draws.tasks:
            return draws.sizes
        main = draws.tasks.index(self.main)
        fall = self.share * _FALLS[self.schedule](self.rate * progress)
        counts = np.round(fall * self._similarities(draws, main) * draws.sizes)
        counts[main] = draws.sizes[main]
        return [int(count) for count in counts]

    def _similarities(self, draws: StreamDraws, main: int) -> Floats:
        similarities = [
            self.similarity[task] if task in self.similarity else draws.similarity(main, position)
            for position, task in enumerate(draws.tasks)
        ]
        return np.array(similarities, dtype=np.float64)
