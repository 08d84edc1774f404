"""Linearised fine-tuning: what training on a subset would do, by regressions instead of trainings.

Around the weights of a joint training, each task's outputs are linear in the change w of the shared blocks,
and fine-tuning on a subset S becomes one convex problem in a few random directions,

    w_S = argmin_w  sum over t in S of loss_t(f_t + J_t w) + penalty / 2 |w|²,

a linear regression for squared errors and a logistic one for cross entropies. The affinity of a source is
how much lower the target's loss on validation rows is at `w_{target, source}` than at `w_{target}`, as a
share of the latter. Heads stay as they are. The penalty is the one, of a few, at which single tasks do
best.

Shape letters: n rows, K outputs of a task, d directions.

Reference:
    Li 2024 (Grad-TAG).
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from taskgroup.affinity.linear_fit import LinearTask, fit_change

if TYPE_CHECKING:  # reading a stored matrix must not load torch
    from taskgroup.training import JointProbe

Floats = NDArray[np.float64]

_PENALTIES = (0.01, 0.1, 1.0, 10.0, 100.0)  # of the mean curvature
_TYPICAL_STEPS = 10


def linearised(probes: Sequence[JointProbe]) -> pd.DataFrame:
    """Estimate [target, source] as the mean over joint trainings, one a seed; NaN where labels lack."""
    tasks = list(probes[0].tasks)
    mean = np.mean([_of_probe([LinearTask(p.linearised[task]) for task in tasks]) for p in probes], axis=0)
    return pd.DataFrame(mean, index=tasks, columns=tasks)


def regression_flops(probes: Sequence[JointProbe]) -> float:
    """Operations of the regressions, about: each task's curvature once, and ten steps a regression."""
    total = 0.0
    for probe in probes:
        n_regressions = len(_PENALTIES) + len(probe.tasks) - 1  # that a task takes part in
        for model in probe.linearised.values():
            n, n_outputs, d = model.train.features.shape
            total += 2.0 * n * n_outputs * d * (d + 3.0 * _TYPICAL_STEPS * n_regressions)
    return total


def _of_probe(tasks: Sequence[LinearTask]) -> Floats:
    affinity = np.full((len(tasks), len(tasks)), np.nan)
    usable = [i for i, t in enumerate(tasks) if len(t.model.train.offset) and len(t.model.validation.offset)]
    if not usable:
        return affinity
    penalty, alone = _best_penalty([tasks[i] for i in usable])
    single = dict(zip(usable, alone, strict=True))
    for pair in itertools.combinations(usable, 2):
        change = fit_change([tasks[i] for i in pair], penalty)
        for target, source in (pair, pair[::-1]):
            after = tasks[target].loss(tasks[target].model.validation, change)
            affinity[target, source] = 1.0 - after / single[target] if single[target] > 0 else np.nan
    return affinity


def _best_penalty(tasks: Sequence[LinearTask]) -> tuple[float, list[float]]:
    """The penalty at which tasks fine-tuned alone do best, by losses relative to none, and these losses."""
    n_directions = len(tasks[0].curvature)
    mean_curvature = float(np.mean([np.trace(task.curvature) / n_directions for task in tasks]))
    before = [task.loss(task.model.validation, np.zeros(n_directions)) for task in tasks]
    tried = []
    for share in _PENALTIES:
        penalty = share * mean_curvature or share
        losses = [task.loss(task.model.validation, fit_change([task], penalty)) for task in tasks]
        relative = float(np.mean(np.array(losses) / np.maximum(before, 1e-12)))
        tried.append((relative, penalty, losses))
    _, penalty, losses = min(tried, key=lambda attempt: attempt[0])
    return penalty, losses
