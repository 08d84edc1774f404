"""What taskgroup is compared with: training loops in plain PyTorch."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from benchmarks.case import LEARNING_RATE, WEIGHT_DECAY, Case


@dataclass(frozen=True)
class Trained:
    """What a loop leaves behind.

    Attributes:
        model: Maps [n, D] to [n, tasks].
        n_steps: Optimiser steps taken.
    """

    model: nn.Module
    n_steps: int

    def loss(self, x: Tensor, y: Tensor) -> float:
        """Mean squared error over rows and tasks."""
        self.model.eval()
        with torch.no_grad():
            return float(nn.functional.mse_loss(self.model(x), y))


class SeparateHeads(nn.Module):
    """A shared encoder with one linear layer a task."""

    def __init__(self, case: Case, n_tasks: int) -> None:
        super().__init__()
        self.encoder = encoder(case)
        self.heads = nn.ModuleList(nn.Linear(case.widths[-1], 1) for _ in range(n_tasks))

    def forward(self, x: Tensor) -> Tensor:
        """All tasks' predictions, [n, tasks]."""
        h = self.encoder(x)
        return torch.cat([head(h) for head in self.heads], dim=1)


def encoder(case: Case) -> nn.Sequential:
    """Linear layers with ReLU."""
    layers: list[nn.Module] = []
    for n_inputs, n_outputs in zip((case.n_features, *case.widths), case.widths, strict=False):
        layers += [nn.Linear(n_inputs, n_outputs), nn.ReLU()]
    return nn.Sequential(*layers)


def plain_loop(case: Case, x: Tensor, y: Tensor) -> Trained:
    """One head and one loss a task, batches by index, AdamW: the loop that most people write."""
    torch.manual_seed(0)
    model = SeparateHeads(case, y.shape[1]).to(x.device)
    optimizer = torch.optim.AdamW(model.parameters(), lr=LEARNING_RATE, weight_decay=WEIGHT_DECAY)
    n_steps = 0
    for _ in range(case.epochs):
        order = torch.randperm(len(x), device=x.device)
        for start in range(0, len(x), case.batch_size):
            rows = order[start : start + case.batch_size]
            h, target = model.encoder(x[rows]), y[rows]
            losses = [
                nn.functional.mse_loss(head(h)[:, 0], target[:, t]) for t, head in enumerate(model.heads)
            ]
            optimizer.zero_grad()
            torch.stack(losses).sum().backward()  # type: ignore[no-untyped-call]
            optimizer.step()
            n_steps += 1
    return Trained(model, n_steps)


def best_plain_loop(case: Case, x: Tensor, y: Tensor) -> Trained:
    """One fused head, rows shuffled once an epoch, fused AdamW: as fast as a single run gets in plain PyTorch."""
    torch.manual_seed(0)
    model = nn.Sequential(encoder(case), nn.Linear(case.widths[-1], y.shape[1])).to(x.device)
    optimizer = torch.optim.AdamW(model.parameters(), lr=LEARNING_RATE, weight_decay=WEIGHT_DECAY, fused=True)
    n_steps = 0
    for _ in range(case.epochs):
        order = torch.randperm(len(x), device=x.device)
        batches = zip(*(torch.split(t[order], case.batch_size) for t in (x, y)), strict=True)
        for inputs, target in batches:
            loss = (model(inputs) - target).square().sum() / len(inputs)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            n_steps += 1
    return Trained(model, n_steps)
