"""Losses that only derived targets have: regression on several columns, and soft classes."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch.nn import functional as f

from taskgroup.models import wire
from taskgroup.spec import RunSpec, Sharing
from taskgroup.training.loss import CohortLoss

N_OUTPUTS = {"many": 3, "soft": 4, "one": 1}
B = 9


@pytest.fixture
def loss() -> CohortLoss:
    run = RunSpec(tuple(N_OUTPUTS), Sharing("hard", 1), "equal", 0.01, 0.0, seed=0)
    return CohortLoss(
        wire([run], N_OUTPUTS, 1),
        kinds=["regression", "multiclass", "regression"],
        branch_target=np.array([0, 3, 7]),
        branch_label=np.arange(3),
        dtype=torch.float64,
        device="cpu",
    )


@pytest.mark.parametrize("missing", [0.0, 0.4])
def test_losses_are_means_over_columns_and_cross_entropies_with_shares(loss, missing):
    """Summed over columns, reconstructing forty inputs would drown the task that it is to help."""
    rng = np.random.default_rng(1)
    z = torch.tensor(rng.normal(size=(1, 8, B)), requires_grad=True)
    y = torch.tensor(rng.normal(size=(8, B)))
    y[3:7] = y[3:7].softmax(dim=0)
    labelled = torch.tensor((rng.random((3, B)) >= missing).astype(float))
    targets, mask = loss.targets_of_rows(y), loss.label_mask(labelled if missing else None)
    own = labelled.bool()
    expected = torch.stack(
        [
            f.mse_loss(z[0, :3, own[0]], y[:3, own[0]]),
            f.cross_entropy(z[0, 3:7, own[1]].t(), y[3:7, own[1]].t()),
            f.mse_loss(z[0, 7:, own[2]], y[7:, own[2]]),
        ]
    )
    torch.testing.assert_close(loss.losses(z.detach(), targets, mask), expected.detach())
    weights = torch.tensor([0.5, 2.0, 1.0], dtype=torch.float64)
    (weights * expected).sum().backward()
    torch.testing.assert_close(loss.gradient(z.detach(), targets, mask, weights), z.grad)
