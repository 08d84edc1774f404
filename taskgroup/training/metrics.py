"""Scores of many runs on one task at once; scikit-learn's are the reference in the tests.

A search computes thousands of scores, and one call a run would cost as much as a short training. Every
function takes all runs that trained the task.

Shape letters: n runs, K outputs, V rows.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from taskgroup.spec import Task
from taskgroup.training.weighted_metrics import weighted_score

Scorer = Callable[[Tensor, Tensor, Tensor], Tensor]


def score(
    task: Task,
    outputs: Tensor,
    targets: Tensor,
    labelled: Tensor,
    *,
    scale: Tensor,
    weights: Tensor | None = None,
) -> Tensor:
    """Compute a task's metric for each run.

    Args:
        task: Names the metric and the kind.
        outputs: Logits, or standardised predictions of a regression, [n, K, V].
        targets: One-hot classes, 0/1 labels or standardised values, [n, K, V].
        labelled: Which rows have a label, [n, V], bool.
        scale: The regression target's standard deviation for each run, which brings errors to its own
            units, [n, 1, 1].
        weights: How much each label counts, [n, V]; all the same by default.

    Returns:
        Shape [n], float64; NaN where the score is undefined (no labelled row, or one class only for AUC).
    """
    outputs, targets = outputs.double(), targets.double()
    name = task.score.name
    if weights is not None:
        return weighted_score(task, outputs, targets, weights.double(), scale=scale)
    if task.kind == "regression":
        return _REGRESSION[name]((outputs * scale)[:, 0], (targets * scale)[:, 0], labelled)
    if task.kind == "multiclass":
        return _MULTICLASS[name](outputs, targets, labelled)
    by_label = [_BINARY[name](outputs[:, k], targets[:, k], labelled) for k in range(outputs.shape[1])]
    return torch.stack(by_label).nanmean(dim=0)


def _mean(values: Tensor, labelled: Tensor) -> Tensor:
    """Mean over labelled rows, [n, V] to [n]; NaN where there are none."""
    return torch.where(labelled, values, 0.0).sum(dim=1) / labelled.sum(dim=1)


def _r2(z: Tensor, y: Tensor, labelled: Tensor) -> Tensor:
    spread = _mean((y - _mean(y, labelled).unsqueeze(1)).square(), labelled)
    return 1.0 - _mean((z - y).square(), labelled) / torch.where(spread > 0, spread, torch.nan)


def _rmse(z: Tensor, y: Tensor, labelled: Tensor) -> Tensor:
    return _mean((z - y).square(), labelled).sqrt()


def _mae(z: Tensor, y: Tensor, labelled: Tensor) -> Tensor:
    return _mean((z - y).abs(), labelled)


def _f1(predicted: Tensor, actual: Tensor, labelled: Tensor) -> Tensor:
    """F1 of one class from boolean predictions, [n]; 0 where the class is never predicted nor present."""
    hit = (predicted & actual & labelled).sum(dim=1).double()
    total = (predicted & labelled).sum(dim=1) + (actual & labelled).sum(dim=1)
    return torch.where(labelled.any(dim=1), 2.0 * hit / total.clamp(min=1), torch.nan)


def _binary_accuracy(z: Tensor, y: Tensor, labelled: Tensor) -> Tensor:
    return _mean(((z > 0) == (y > 0.5)).double(), labelled)


def _binary_f1(z: Tensor, y: Tensor, labelled: Tensor) -> Tensor:
    return _f1(z > 0, y > 0.5, labelled)


def _binary_log_loss(z: Tensor, y: Tensor, labelled: Tensor) -> Tensor:
    return _mean(torch.nn.functional.softplus(z) - y * z, labelled)


def _auc(z: Tensor, y: Tensor, labelled: Tensor) -> Tensor:
    """Share of (positive, negative) pairs in the right order, ties counting half."""
    positive, negative = labelled & (y > 0.5), labelled & (y <= 0.5)
    ranked = torch.where(negative, z, torch.inf).sort(dim=1).values
    below = torch.searchsorted(ranked, z.contiguous())
    up_to = torch.searchsorted(ranked, z.contiguous(), right=True)
    n_negative = negative.sum(dim=1)
    wins = (below + torch.minimum(up_to, n_negative.unsqueeze(1))).double() / 2
    return torch.where(positive, wins, 0.0).sum(dim=1) / (positive.sum(dim=1) * n_negative)


def _multiclass_accuracy(z: Tensor, y: Tensor, labelled: Tensor) -> Tensor:
    return _mean((z.argmax(dim=1) == y.argmax(dim=1)).double(), labelled)


def _multiclass_f1(z: Tensor, y: Tensor, labelled: Tensor) -> Tensor:
    """Unweighted mean over the classes that are present or predicted."""
    predicted, actual = z.argmax(dim=1), y.argmax(dim=1)
    classes = range(z.shape[1])
    seen = torch.stack([(((predicted == k) | (actual == k)) & labelled).any(dim=1) for k in classes])
    by_class = torch.stack([_f1(predicted == k, actual == k, labelled) for k in classes])
    return torch.where(seen, by_class, torch.nan).nanmean(dim=0)


def _multiclass_log_loss(z: Tensor, y: Tensor, labelled: Tensor) -> Tensor:
    return _mean(-(y * z.log_softmax(dim=1)).sum(dim=1), labelled)


_REGRESSION: dict[str, Scorer] = {"r2": _r2, "rmse": _rmse, "mae": _mae}
_BINARY: dict[str, Scorer] = {
    "accuracy": _binary_accuracy,
    "auc": _auc,
    "f1": _binary_f1,
    "log_loss": _binary_log_loss,
}
_MULTICLASS: dict[str, Scorer] = {
    "accuracy": _multiclass_accuracy,
    "f1": _multiclass_f1,
    "log_loss": _multiclass_log_loss,
}
