"""Metrics: a wrong direction or error would turn help into harm."""

from __future__ import annotations

import pytest

from taskgroup.errors import InputError
from taskgroup.spec import KINDS, METRICS, metric_for


@pytest.mark.parametrize(
    ("name", "better", "worse", "error_of_better"),
    [
        ("accuracy", 0.9, 0.8, 0.1),
        ("auc", 0.9, 0.8, 0.1),
        ("f1", 0.9, 0.8, 0.1),
        ("r2", 0.5, -2.0, 0.5),
        ("rmse", 1.0, 3.0, 1.0),
        ("mae", 1.0, 3.0, 1.0),
        ("log_loss", 0.2, 0.7, 0.2),
    ],
)
def test_errors_fall_when_scores_get_better(name, better, worse, error_of_better):
    metric = METRICS[name]
    assert metric.error(better) < metric.error(worse)
    assert metric.error(better) == pytest.approx(error_of_better)


def test_every_metric_is_covered_above_and_suits_a_kind():
    assert len(METRICS) == 7
    assert all(metric.kinds <= set(KINDS) and metric.kinds for metric in METRICS.values())


@pytest.mark.parametrize("kind", KINDS)
def test_defaults_suit_their_kind(kind):
    assert kind in metric_for(None, kind).kinds


def test_metrics_of_another_kind_are_refused():
    with pytest.raises(InputError, match="does not suit a regression task"):
        metric_for("accuracy", "regression")
    with pytest.raises(InputError, match="did you mean 'rmse'"):
        metric_for("rmsee", "regression")
