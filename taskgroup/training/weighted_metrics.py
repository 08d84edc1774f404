"""Scores in which rows count by their weights, as scikit-learn's with `sample_weight`.

Shape letters: n runs, K outputs, V rows. Weights are 0 where a row has no label.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from taskgroup.spec import Task

WeightedScorer = Callable[[Tensor, Tensor, Tensor], Tensor]


def weighted_score(task: Task, outputs: Tensor, targets: Tensor, weights: Tensor, *, scale: Tensor) -> Tensor:
    """Compute a task's metric for each run.

    Args:
        task: Names the metric and the kind.
        outputs: Logits, or standardised predictions of a regression, float64 [n, K, V].
        targets: One-hot classes, 0/1 labels or standardised values, float64 [n, K, V].
        weights: How much each row counts, float64 [n, V].
        scale: The regression target's standard deviation for each run, [n, 1, 1].

    Returns:
        Shape [n]; NaN where the score is undefined.
    """
    name = task.score.name
    if task.kind == "regression":
        return _REGRESSION[name]((outputs * scale)[:, 0], (targets * scale)[:, 0], weights)
    if task.kind == "multiclass":
        return _MULTICLASS[name](outputs, targets, weights)
    by_label = [_BINARY[name](outputs[:, k], targets[:, k], weights) for k in range(outputs.shape[1])]
    return torch.stack(by_label).nanmean(dim=0)


def _mean(values: Tensor, weights: Tensor) -> Tensor:
    return torch.where(weights > 0, values * weights, 0.0).sum(dim=1) / weights.sum(dim=1)


def _r2(z: Tensor, y: Tensor, weights: Tensor) -> Tensor:
    spread = _mean((y - _mean(y, weights).unsqueeze(1)).square(), weights)
    return 1.0 - _mean((z - y).square(), weights) / torch.where(spread > 0, spread, torch.nan)


def _rmse(z: Tensor, y: Tensor, weights: Tensor) -> Tensor:
    return _mean((z - y).square(), weights).sqrt()


def _mae(z: Tensor, y: Tensor, weights: Tensor) -> Tensor:
    return _mean((z - y).abs(), weights)


def _f1(predicted: Tensor, actual: Tensor, weights: Tensor) -> Tensor:
    """F1 of one class from boolean predictions, [n]; 0 where it is neither predicted nor present."""
    hit = ((predicted & actual) * weights).sum(dim=1)
    total = (predicted * weights).sum(dim=1) + (actual * weights).sum(dim=1)
    share = torch.where(total > 0, 2.0 * hit / torch.where(total > 0, total, 1.0), 0.0)
    return torch.where((weights > 0).any(dim=1), share, torch.nan)


def _binary_accuracy(z: Tensor, y: Tensor, weights: Tensor) -> Tensor:
    return _mean(((z > 0) == (y > 0.5)).double(), weights)


def _binary_f1(z: Tensor, y: Tensor, weights: Tensor) -> Tensor:
    return _f1(z > 0, y > 0.5, weights)


def _binary_log_loss(z: Tensor, y: Tensor, weights: Tensor) -> Tensor:
    return _mean(torch.nn.functional.softplus(z) - y * z, weights)


def _auc(z: Tensor, y: Tensor, weights: Tensor) -> Tensor:
    """Share of (positive, negative) pairs in the right order, by weight, ties counting half."""
    positive = torch.where(y > 0.5, weights, 0.0)
    negative = torch.where(y > 0.5, 0.0, weights)
    ranked, order = z.sort(dim=1)
    below = torch.nn.functional.pad(negative.gather(1, order).cumsum(dim=1), (1, 0))
    lower = below.gather(1, torch.searchsorted(ranked, z.contiguous()))
    up_to = below.gather(1, torch.searchsorted(ranked, z.contiguous(), right=True))
    wins = (positive * (lower + up_to) / 2).sum(dim=1)
    return wins / (positive.sum(dim=1) * negative.sum(dim=1))


def _multiclass_accuracy(z: Tensor, y: Tensor, weights: Tensor) -> Tensor:
    return _mean((z.argmax(dim=1) == y.argmax(dim=1)).double(), weights)


def _multiclass_f1(z: Tensor, y: Tensor, weights: Tensor) -> Tensor:
    """Unweighted mean over the classes that are present or predicted in rows that count."""
    predicted, actual = z.argmax(dim=1), y.argmax(dim=1)
    classes = range(z.shape[1])
    seen = torch.stack([(((predicted == k) | (actual == k)) & (weights > 0)).any(dim=1) for k in classes])
    by_class = torch.stack([_f1(predicted == k, actual == k, weights) for k in classes])
    return torch.where(seen, by_class, torch.nan).nanmean(dim=0)


def _multiclass_log_loss(z: Tensor, y: Tensor, weights: Tensor) -> Tensor:
    return _mean(-(y * z.log_softmax(dim=1)).sum(dim=1), weights)


_REGRESSION: dict[str, WeightedScorer] = {"r2": _r2, "rmse": _rmse, "mae": _mae}
_BINARY: dict[str, WeightedScorer] = {
    "accuracy": _binary_accuracy,
    "auc": _auc,
    "f1": _binary_f1,
    "log_loss": _binary_log_loss,
}
_MULTICLASS: dict[str, WeightedScorer] = {
    "accuracy": _multiclass_accuracy,
    "f1": _multiclass_f1,
    "log_loss": _multiclass_log_loss,
}
