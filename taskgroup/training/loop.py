"""Training a cohort from the first epoch to its scores.

Runs leave the cohort when their weights stop being finite (failed, with the reason) or when they stop
improving (finished, with the scores of their best epoch); the others go on unharmed in smaller tensors.
"""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from taskgroup.spec import RunResult, RunSpec, Score
from taskgroup.training.cohort import Cohort, Shapes
from taskgroup.training.seed_data import SeedData


def train_cohort(
    members: Sequence[RunSpec],
    seeds: Mapping[int, SeedData],
    shapes: Shapes,
    *,
    max_epochs: int,
    patience: int | None = None,
) -> list[RunResult]:
    """Train runs of one fidelity together.

    Args:
        members: The runs; those with the same seed stand together.
        seeds: The rows of every seed among them.
        shapes: What the runs have in common.
        max_epochs: Epochs at full fidelity.
        patience: Stop a run after so many epochs without a better validation loss and report the scores
            of its best epoch; None trains all epochs and reports the last one's.

    Returns:
        One result for each member, in their order.
    """
    started = time.perf_counter()
    epochs = max(1, round(max_epochs * members[0].fidelity))
    cohort = Cohort(members, seeds, shapes)
    stopping = EarlyStopping(patience) if patience is not None else None
    results: dict[RunSpec, RunResult] = {}
    for epoch in range(1, epochs + 1):
        cohort.train_epoch(epoch - 1)
        failed = np.flatnonzero(~cohort.finite()).tolist()
        leaving = {run: _diverged(cohort.members[run], epoch) for run in failed}
        if stopping is not None:
            leaving = stopping.update(cohort, epoch, last=epoch == epochs) | leaving
        elif epoch == epochs:
            scores = cohort.scores()
            leaving = {i: _finished(m, scores[i], epoch) for i, m in enumerate(cohort.members)} | leaving
        results |= {cohort.members[run]: result for run, result in leaving.items()}
        if len(leaving) == len(cohort.members):
            break
        if leaving:
            cohort.drop(list(leaving))
    seconds = (time.perf_counter() - started) / len(members)
    return [replace(results[member], seconds=seconds) for member in members]


@dataclass(frozen=True)
class _Best:
    loss: float
    epoch: int
    scores: tuple[Score, ...]


class EarlyStopping:
    """Follows the validation loss of every run.

    Args:
        patience: Epochs without a better validation loss after which a run stops.
    """

    def __init__(self, patience: int) -> None:
        self._patience = patience
        self._best: dict[RunSpec, _Best] = {}

    def update(self, cohort: Cohort, epoch: int, *, last: bool) -> dict[int, RunResult]:
        """Look at an epoch and return the runs that stop here, by position in the cohort."""
        losses = cohort.validation_loss()
        better = [
            run
            for run, member in enumerate(cohort.members)
            if losses[run] < (self._best[member].loss if member in self._best else math.inf)
        ]
        scores = cohort.scores() if better else []
        for run in better:
            self._best[cohort.members[run]] = _Best(losses[run], epoch, scores[run])
        results = {}
        for run, member in enumerate(cohort.members):
            best = self._best.get(member, _Best(math.inf, 0, ()))
            if last or epoch - best.epoch >= self._patience:
                results[run] = _finished(member, best.scores, epoch)
        return results


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
