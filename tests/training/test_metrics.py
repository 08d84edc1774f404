"""Scores: scikit-learn is what users compare with, so it is the reference, odd inputs included."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.special import expit, softmax
from sklearn import metrics

from taskgroup.spec import METRICS, Kind, Task
from taskgroup.training.metrics import score

Floats = NDArray[np.float64]
Reference = Callable[[Floats, Floats], float]
"""From outputs [V, K] and targets [V, K] of the labelled rows to a score."""

ROWS = st.integers(1, 12)
TIED = st.integers(-3, 3).map(lambda i: i / 2)  # ties and zeros are common among them


def _auc(z: Floats, y: Floats) -> float:
    return metrics.roc_auc_score(y, z) if len(set(y)) == 2 else math.nan


BINARY: dict[str, Reference] = {
    "accuracy": lambda z, y: metrics.accuracy_score(y, z > 0),
    "auc": _auc,
    "f1": lambda z, y: metrics.f1_score(y, z > 0, zero_division=0.0),
    "log_loss": lambda z, y: metrics.log_loss(y, expit(z), labels=[0, 1]),
}
MULTICLASS: dict[str, Reference] = {
    "accuracy": lambda z, y: metrics.accuracy_score(y.argmax(1), z.argmax(1)),
    "f1": lambda z, y: metrics.f1_score(y.argmax(1), z.argmax(1), average="macro", zero_division=0.0),
    "log_loss": lambda z, y: metrics.log_loss(y.argmax(1), softmax(z, axis=1), labels=range(z.shape[1])),
}
REGRESSION: dict[str, Reference] = {
    "r2": lambda z, y: metrics.r2_score(y, z) if len(set(y)) > 1 else math.nan,
    "rmse": lambda z, y: metrics.root_mean_squared_error(y, z),
    "mae": lambda z, y: metrics.mean_absolute_error(y, z),
}


def by_column(reference: Reference) -> Reference:
    """The mean over output columns, those without a score left out."""

    def mean(z: Floats, y: Floats) -> float:
        values = [reference(z[:, k], y[:, k]) for k in range(z.shape[1])]
        known = [value for value in values if not math.isnan(value)]
        return float(np.mean(known)) if known else math.nan

    return mean


REFERENCES: dict[tuple[Kind, str], Reference] = {
    **{("binary", name): by_column(f) for name, f in BINARY.items()},
    **{("multilabel", name): by_column(f) for name, f in BINARY.items()},
    **{("multiclass", name): f for name, f in MULTICLASS.items()},
    **{("regression", name): by_column(f) for name, f in REGRESSION.items()},
}


@st.composite
def scored(draw: st.DrawFn, kind: Kind) -> tuple[Floats, Floats, NDArray[np.bool_], Floats]:
    """Outputs [n, K, V], targets [n, K, V], labels there [n, V] and target scales [n] of some runs."""
    n, rows = draw(st.integers(1, 3)), draw(ROWS)
    columns = draw(st.integers(2, 4)) if kind in ("multiclass", "multilabel") else 1

    def array(values: st.SearchStrategy[float], *shape: int) -> Floats:
        size = math.prod(shape)
        return np.reshape(draw(st.lists(values, min_size=size, max_size=size)), shape).astype(float)

    if kind == "multiclass":
        classes = array(st.integers(0, columns - 1), n, rows).astype(int)
        y = np.eye(columns)[classes].transpose(0, 2, 1)
    else:
        y = array(TIED if kind == "regression" else st.sampled_from([0.0, 1.0]), n, columns, rows)
    scale = array(st.floats(0.1, 10), n) if kind == "regression" else np.ones(n)
    return array(TIED, n, columns, rows), y, array(st.booleans(), n, rows).astype(bool), scale


def computed(
    kind: Kind, name: str, z: Floats, y: Floats, labelled: NDArray[np.bool_], scale: Floats
) -> Floats:
    task = Task(name="t", kind=kind, metric=name, target=["a", "b"] if kind == "multilabel" else "t")
    tensors = [torch.from_numpy(a) for a in (z, y, labelled)]
    return score(task, *tensors, scale=torch.from_numpy(scale).view(-1, 1, 1)).numpy()


@pytest.mark.parametrize(("kind", "name"), REFERENCES)
@settings(max_examples=40)  # scikit-learn takes milliseconds a score
@given(data=st.data())
def test_scores_are_those_of_scikit_learn(kind, name, data):
    z, y, labelled, scale = data.draw(scored(kind))
    found = computed(kind, name, z, y, labelled, scale)
    assert found.dtype == np.float64
    for run, rows in enumerate(labelled):
        own_z, own_y = (a[run][:, rows].T * scale[run] for a in (z, y))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about odd inputs, which are meant
            expected = REFERENCES[kind, name](own_z, own_y) if rows.any() else math.nan
        assert found[run] == pytest.approx(expected, rel=1e-9, abs=1e-9, nan_ok=True)


def test_every_metric_of_every_kind_has_a_reference():
    assert set(REFERENCES) == {(kind, name) for name, metric in METRICS.items() for kind in metric.kinds}


@pytest.mark.parametrize(("z", "loss"), [(1000.0, 0.0), (-1000.0, 1000.0)])
def test_log_loss_of_a_sure_network_is_finite(z, loss):
    """The probability of a sure mistake rounds to zero; its logarithm must not become infinite."""
    one = np.ones((1, 1, 1))
    sure = computed("binary", "log_loss", z * one, one, np.ones((1, 1), bool), np.ones(1))
    assert sure == pytest.approx(loss)


def test_errors_are_in_the_targets_own_units():
    """A mean absolute error in standard deviations would be read as one in kilograms."""
    z, y = np.array([[[1.0, 2.0]]]), np.array([[[0.0, 0.0]]])
    labelled, scale = np.ones((1, 2), bool), np.array([10.0])
    assert computed("regression", "mae", z, y, labelled, scale) == pytest.approx(15)
    assert computed("regression", "rmse", z, y, labelled, scale) == pytest.approx(math.sqrt(250))
