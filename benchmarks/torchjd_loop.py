"""A training loop with TorchJD's engine and aggregators, where it is installed, as its documentation shows it."""

from __future__ import annotations

import warnings
from importlib.util import find_spec
from typing import Any

import torch
from torch import Tensor, nn

from benchmarks.case import LEARNING_RATE, WEIGHT_DECAY, Case
from benchmarks.plain import SeparateHeads, Trained

AGGREGATORS: dict[str, tuple[str, dict[str, Any]]] = {
    "pcgrad": ("PCGrad", {}),
    "imtl_g": ("IMTLG", {}),
    "aligned_mtl": ("AlignedMTL", {}),
    "mgda": ("MGDA", {}),
    "cagrad": ("CAGrad", {"c": 0.4}),
    "nash_mtl": ("NashMTL", {}),
    "fairgrad": ("FairGrad", {"alpha": 1.0}),
    "upgrad": ("UPGrad", {}),
}
"""The class of each weighting, with the settings that taskgroup uses."""


def why_not() -> str | None:
    """Why TorchJD cannot be measured here, or None."""
    return None if find_spec("torchjd") else "TorchJD is not installed (pip install 'taskgroup[gradients]')"


def torchjd_loop(case: Case, x: Tensor, y: Tensor, weighting: str) -> Trained:
    """The plain loop with `mtl_backward` and an aggregator in place of the sum of losses."""
    from torchjd import aggregation
    from torchjd.autojac import jac_to_grad, mtl_backward

    torch.manual_seed(0)
    name, settings = AGGREGATORS[weighting]
    settings = {"n_tasks": y.shape[1]} if weighting == "nash_mtl" else settings
    aggregator = getattr(aggregation, name)(**settings)
    model = SeparateHeads(case, y.shape[1])
    optimizer = torch.optim.AdamW(model.parameters(), lr=LEARNING_RATE, weight_decay=WEIGHT_DECAY)
    n_steps = 0
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for _ in range(case.epochs):
            order = torch.randperm(len(x))
            for start in range(0, len(x), case.batch_size):
                rows = order[start : start + case.batch_size]
                h, target = model.encoder(x[rows]), y[rows]
                losses = [
                    nn.functional.mse_loss(head(h)[:, 0], target[:, t]) for t, head in enumerate(model.heads)
                ]
                optimizer.zero_grad()
                mtl_backward(losses, features=h)
                jac_to_grad(model.encoder.parameters(), aggregator)
                optimizer.step()
                n_steps += 1
    return Trained(model, n_steps)
