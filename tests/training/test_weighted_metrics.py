"""Weighted scores equal scikit-learn's, or weights would mean something else here than elsewhere."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from sklearn import metrics

from taskgroup.spec import METRICS, Task
from taskgroup.training.metrics import score

V, RNG = 60, np.random.default_rng(0)
WEIGHTS = np.where(RNG.random(V) < 0.2, 0.0, RNG.uniform(0.1, 3.0, V))
CASES = [(kind, name) for name, metric in METRICS.items() for kind in sorted(metric.kinds)]


def expected(kind: str, name: str, z: np.ndarray, y: np.ndarray) -> float:
    """One run's score by scikit-learn; z and y are [K, V]."""
    w = {"sample_weight": WEIGHTS}
    if kind == "regression":
        by_name = {
            "r2": metrics.r2_score,
            "mae": metrics.mean_absolute_error,
            "rmse": metrics.root_mean_squared_error,
        }
        return float(by_name[name](y[0], z[0], **w))
    if kind == "multiclass":
        truth, p = y.argmax(axis=0), np.exp(z) / np.exp(z).sum(axis=0)
        if name == "log_loss":
            return float(metrics.log_loss(truth, p.T, labels=range(len(z)), **w))
        rows = WEIGHTS > 0
        if name == "f1":
            return float(
                metrics.f1_score(
                    truth[rows], z.argmax(axis=0)[rows], average="macro", sample_weight=WEIGHTS[rows]
                )
            )
        return float(metrics.accuracy_score(truth, z.argmax(axis=0), **w))
    of_labels = []
    for logits, truth in zip(z, y, strict=True):
        of = {
            "auc": lambda t=truth, s=logits: metrics.roc_auc_score(t, s, **w),
            "accuracy": lambda t=truth, s=logits: metrics.accuracy_score(t, s > 0, **w),
            "f1": lambda t=truth, s=logits: metrics.f1_score(t, s > 0, **w),
            "log_loss": lambda t=truth, s=logits: metrics.log_loss(t, 1 / (1 + np.exp(-s)), **w),
        }
        of_labels.append(of[name]())
    return float(np.mean(of_labels))


@pytest.mark.parametrize(("kind", "name"), CASES)
def test_equal_to_scikit_learn(kind, name):
    n_outputs = {"multiclass": 3, "multilabel": 2}.get(kind, 1)
    z = RNG.normal(size=(n_outputs, V)).round(1)  # ties count half in AUC
    if kind == "regression":
        y = RNG.normal(size=(1, V))
    elif kind == "multiclass":
        y = np.eye(3)[RNG.integers(0, 3, V)].T
    else:
        y = (RNG.random((n_outputs, V)) < 0.4).astype(float)
    task = Task(name="t", kind=kind, metric=name, target=["a", "b"] if kind == "multilabel" else "t")
    weights = torch.tensor(WEIGHTS)[None]
    value = score(
        task,
        torch.tensor(z)[None],
        torch.tensor(y)[None],
        weights > 0,
        scale=torch.ones(1, 1, 1, dtype=torch.float64),
        weights=weights,
    )
    assert float(value) == pytest.approx(expected(kind, name, z, y), rel=1e-9)


@pytest.mark.parametrize(("kind", "name"), CASES)
def test_equal_weights_change_nothing(kind, name):
    n_outputs = {"multiclass": 3, "multilabel": 2}.get(kind, 1)
    z, labelled = torch.tensor(RNG.normal(size=(2, n_outputs, V))), torch.tensor(RNG.random((2, V)) < 0.8)
    y = torch.tensor(np.eye(3)[RNG.integers(0, 3, (2, V))].transpose(0, 2, 1)) if kind == "multiclass" else (
        (z + 0.5 * torch.randn(z.shape, generator=torch.Generator().manual_seed(0))) > 0
    ).double()  # fmt: skip
    task = Task(name="t", kind=kind, metric=name, target=["a", "b"] if kind == "multilabel" else "t")
    scale = torch.full((2, 1, 1), 2.0, dtype=torch.float64)
    plain = score(task, z, y, labelled, scale=scale)
    weighted = score(task, z, y, labelled, scale=scale, weights=labelled * 1.7)
    torch.testing.assert_close(plain, weighted)
