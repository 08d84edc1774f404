"""Row weights: a row of weight 2 counts as two rows, or the weighted loss is none."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from cases import N_OUTPUTS, TASKS, spec
from own_rows_cases import dataset_of, seeds_of, study

from taskgroup.data import dataset_from_table
from taskgroup.spec import parse_study
from taskgroup.training import Cohort, Shapes, Trainer, train_cohort
from taskgroup.training.loss import CohortLoss

N = 40


def table() -> dict[str, np.ndarray]:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(N, 3))
    return {
        **{f"x{i}": x[:, i] for i in range(3)},
        "a": x[:, 0] + rng.normal(size=N),
        "b": (x[:, 1] > 0).astype(int),
        "count": rng.integers(1, 4, N),
    }


def shared_study(**data):
    tasks = [{"name": "a", "kind": "regression", "metric": "rmse"}, {"name": "b", "kind": "binary"}]
    return parse_study(
        {
            "name": "s",
            "data": {"source": "memory", **data},
            "tasks": tasks,
            "model": {"widths": [4]},
            "training": {"epochs": 5, "batch_size": 64, "precision": "float64"},
        }
    )


def scores(described, rows) -> list[float]:
    trainer = Trainer(described, dataset_from_table(rows, described))
    (result,) = trainer.train([spec("a", "b", depth=1)])
    return [score.value for score in result.scores]


def test_constant_weights_change_nothing():
    """Weights are relative: all rows of weight 3 are all rows of weight 1."""
    rows = table()
    plain = scores(shared_study(exclude=["count"]), rows)
    weighted = scores(shared_study(weight="count"), {**rows, "count": np.full(N, 3)})
    assert weighted == pytest.approx(plain, rel=1e-6)


def test_weights_decide():
    rows = table()
    assert scores(shared_study(weight="count"), rows) != pytest.approx(
        scores(shared_study(exclude=["count"]), rows), rel=1e-3
    )


def test_the_loss_is_the_weighted_mean():
    """Checked against repeating rows, for shared rows' masks and own rows' masks alike."""
    cohort = Cohort([spec("size", "weight")], seeds_of(study(), dataset_of(study()), (0,)), shapes())
    loss: CohortLoss = cohort._loss
    rng = np.random.default_rng(0)
    z, y = torch.tensor(rng.normal(size=(1, 2, 6))), torch.tensor(rng.normal(size=(2, 6)))
    counts = torch.tensor([[1.0, 2, 0, 1, 3, 0], [0, 1, 1, 2, 0, 1]], dtype=torch.float64)
    found = loss.losses(z, y, counts)
    for branch in (0, 1):
        repeated = torch.repeat_interleave((z[0, branch] - y[branch]).square(), counts[branch].long())
        assert float(found[branch]) == pytest.approx(float(repeated.mean()))
    tiny = loss.losses(z, y, counts * 0.01)
    torch.testing.assert_close(tiny, found)


def shapes() -> Shapes:
    return Shapes(TASKS, N_OUTPUTS, 5, (6, 4), 8, torch.float64)


def test_own_rows_have_weights_too():
    described = study(data={"weight": "count", "exclude": []})
    dataset = dataset_of(described)
    seeds = seeds_of(described, dataset, (0,))
    weighted = Shapes(TASKS, N_OUTPUTS, 5, (6, 4), 8, torch.float64, weighted=True)
    runs = [spec("size", "weight"), spec("size")]
    for run in runs:
        (result,) = train_cohort([run], seeds, weighted, max_epochs=3)
        assert result.ok
    pool = seeds[0].train
    for rows in pool.rows:
        assert float(pool.weight[rows].mean()) == pytest.approx(1.0)
        assert float(pool.weight[rows].std()) > 0.1
