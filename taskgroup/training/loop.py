"""Training a cohort from the first epoch to its scores.

Runs leave the cohort when their weights stop being finite (failed, with the reason) or when they stop
improving (finished, with the scores of their best epoch); the others go on unharmed in smaller tensors.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import final

import numpy as np
from torch import Tensor

from taskgroup.spec import RunResult, RunSpec, Score
from taskgroup.training.cohort import Cohort
from taskgroup.training.feed import RowData
from taskgroup.training.lessons import NO_LESSONS, Lessons
from taskgroup.training.shapes import Shapes
from taskgroup.training.validation_history import ValidationHistory

Keep = Callable[[RunSpec, Callable[[], Mapping[str, Tensor]]], None]
"""Takes a finished run, and how to get its weights."""


def train_cohort(
    members: Sequence[RunSpec],
    seeds: Mapping[int, RowData],
    shapes: Shapes,
    *,
    max_epochs: int,
    patience: int | None = None,
    task_patience: int | None = None,
    lessons: Lessons = NO_LESSONS,
    keep: Keep | None = None,
    history: ValidationHistory | None = None,
) -> list[RunResult]:
    """Train runs of one fidelity together.

    Args:
        members: The runs, as for `Cohort`.
        seeds: The rows of every seed among them.
        shapes: What the runs have in common.
        max_epochs: Epochs at full fidelity.
        patience: Stop a run after so many epochs without a better validation loss and report the scores
            of its best epoch; None trains all epochs and reports the last one's.
        task_patience: Let a task's loss count no more after so many epochs without a better validation
            loss; a run ends when no main task is left. None trains all tasks to the end.
        lessons: What the teachers of those that are taught say.
        keep: Gets the weights that each finished run was scored with.
        history: Takes in the validation losses after every epoch, and knows those of single tasks. Without
            it, they are looked at only where something depends on them.

    Returns:
        One result for each member, in their order.
    """
    started = time.perf_counter()
    epochs = max(1, round(max_epochs * members[0].fidelity))
    cohort = Cohort(members, seeds, shapes, lessons=lessons, history=history)
    best = None if patience is None else Cohort(members, seeds, shapes, lessons=lessons)
    stopping = None if patience is None or best is None else EarlyStopping(patience, best)
    task_stopping = None if task_patience is None else TaskStopping(task_patience)
    failed: dict[RunSpec, RunResult] = {}
    finished: dict[RunSpec, RunResult] = {}
    for epoch in range(1, epochs + 1):
        cohort.train_epoch(epoch - 1, of=epochs)
        diverged = np.flatnonzero(~cohort.finite()).tolist()
        failed |= {cohort.members[run]: _diverged(cohort.members[run], epoch) for run in diverged}
        followed = history is not None or (cohort.needs_validation and epoch < epochs)
        watched = stopping is not None or task_stopping is not None or followed
        losses = cohort.validation_losses() if watched else None
        stopped = [] if stopping is None or losses is None else stopping.update(cohort, losses, epoch)
        if task_stopping is not None and losses is not None:
            done = task_stopping.update(cohort, losses)
            stopped = [*stopped, *done]
            if stopping is None and done:
                finished |= _scored(cohort, done, epoch, keep)
        if followed and losses is not None:
            cohort.follow(losses)
        leaving = sorted({*diverged, *stopped})
        if len(leaving) == len(cohort.members):
            break
        if leaving and epoch < epochs:
            cohort.drop(leaving)
    if stopping is None:
        left = [run for run, m in enumerate(cohort.members) if m not in failed and m not in finished]
        results = _scored(cohort, left, epochs, keep) | finished | failed
    else:
        results = stopping.results() | failed
        _hand_over(stopping.best, results, keep)
    seconds = (time.perf_counter() - started) / len(members)
    return [replace(results[member], seconds=seconds) for member in members]


@final
class EarlyStopping:
    """Follows the validation loss of every run and keeps the weights of its best epoch.

    Args:
        patience: Epochs without a better validation loss after which a run stops.
        best: Another cohort of the same runs, whose weights become those of their best epochs.
    """

    def __init__(self, patience: int, best: Cohort) -> None:
        self._patience, self.best = patience, best
        self._lowest = dict.fromkeys(best.members, math.inf)
        self._best_epoch = dict.fromkeys(best.members, 0)
        self._epochs = dict.fromkeys(best.members, 0)

    def update(self, cohort: Cohort, of_branches: np.ndarray, epoch: int) -> list[int]:
        """Look at an epoch and return the runs that stop here, by position in the cohort.

        Args:
            cohort: In training.
            of_branches: Its validation losses, [P].
            epoch: From 1.
        """
        losses = cohort.run_means(of_branches)
        better = [run for run, member in enumerate(cohort.members) if losses[run] < self._lowest[member]]
        for run in better:
            self._lowest[cohort.members[run]] = losses[run]
            self._best_epoch[cohort.members[run]] = epoch
        self.best.take_weights(cohort, better)
        self._epochs |= dict.fromkeys(cohort.members, epoch)
        return [
            run
            for run, member in enumerate(cohort.members)
            if epoch - self._best_epoch[member] >= self._patience
        ]

    def results(self) -> dict[RunSpec, RunResult]:
        """Every run with the scores of its best epoch."""
        results = {}
        for member, scores in zip(self.best.members, self.best.scores(), strict=True):
            ever = self._best_epoch[member] > 0
            results[member] = _finished(member, scores if ever else (), self._epochs[member])
        return results


@final
class TaskStopping:
    """Follows the validation loss of every task of every run and ends its training where it gets no better.

    Args:
        patience: Epochs without a better validation loss after which a task stops.

    Reference:
        Zhang 2014, "Facial landmark detection by deep multi-task learning", sec. 3.2, with patience in place
        of its criterion.
    """

    def __init__(self, patience: int) -> None:
        self._patience = patience
        self._lowest: dict[tuple[RunSpec, int], float] = {}
        self._waited: dict[tuple[RunSpec, int], int] = {}

    def update(self, cohort: Cohort, losses: np.ndarray) -> list[int]:
        """Look at an epoch and stop tasks; return the runs with no main task left, by position in the cohort.

        Args:
            cohort: In training.
            losses: Its validation losses, [P].
        """
        branches = cohort.branches
        for branch, loss in zip(branches, losses.tolist(), strict=True):
            better = loss < self._lowest.get(branch, math.inf)
            self._waited[branch] = 0 if better else self._waited.get(branch, 0) + 1
            self._lowest[branch] = min(loss, self._lowest.get(branch, math.inf))
        may_stop = cohort.stoppable_branches  # an adversary that gets worse does what it is there for
        stopped = [p for p, b in enumerate(branches) if self._waited[b] >= self._patience and may_stop[p]]
        cohort.stop_tasks(stopped)
        for p in stopped:
            self._waited[branches[p]] = self._patience  # for good
            self._lowest[branches[p]] = -math.inf
        main = cohort.main_branches
        training = {run for p, (run, _) in enumerate(branches) if p not in set(stopped) and main[p]}
        return [i for i, run in enumerate(cohort.members) if run not in training]


def _scored(cohort: Cohort, runs: Sequence[int], epochs: int, keep: Keep | None) -> dict[RunSpec, RunResult]:
    """The results of some runs as they are now."""
    scores = cohort.scores() if runs else []
    results = {cohort.members[run]: _finished(cohort.members[run], scores[run], epochs) for run in runs}
    _hand_over(cohort, results, keep)
    return results


def _hand_over(cohort: Cohort, results: Mapping[RunSpec, RunResult], keep: Keep | None) -> None:
    """Give away the weights behind good results."""
    for run, member in enumerate(cohort.members if keep is not None else ()):
        if keep is not None and member in results and results[member].ok:
            keep(member, partial(cohort.weights, run))


def _finished(member: RunSpec, scores: tuple[Score, ...], epochs: int) -> RunResult:
    bad = next((s for s in scores if not math.isfinite(s.value)), None)
    if bad is not None:
        reason = f"the {bad.metric} of task '{bad.task}' on the {bad.split} rows is not finite"
        return RunResult(member, "failed", epochs=epochs, reason=reason)
    if not scores:
        return RunResult(member, "failed", epochs=epochs, reason="the validation loss was never finite")
    return RunResult(member, "ok", scores, epochs=epochs)


def _diverged(member: RunSpec, epoch: int) -> RunResult:
    reason = (
        f"the weights stopped being finite in epoch {epoch} "
        f"(learning rate {member.learning_rate:g}); a smaller learning rate may help"
    )
    return RunResult(member, "failed", epochs=epoch, reason=reason)
