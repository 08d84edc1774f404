"""Made-up teachers for small cases, and the mixed loss as anybody would write it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import torch
from cases import FIRST_ROW, N_OUTPUTS, TASKS, PlainNetwork, plain_loss

from taskgroup.spec import Distillation, RunSpec, Task, settled, teachers_of
from taskgroup.training import Lessons, SeedData
from taskgroup.training.lessons import activated

N_BLOCKS = 2
KINDS = {task.name: task.kind for task in TASKS}


def taught(run: RunSpec, text: str) -> RunSpec:
    return replace(run, distillation=settled(text, learning_rate=0.02, weight_decay=0.03))


def made_up(runs: Sequence[RunSpec], n_rows: int) -> Lessons:
    """Teachers that say anything of the form that their task asks for."""
    said = {}
    for run in runs:
        for task, teacher in teachers_of(run, n_blocks=N_BLOCKS).items():
            rng = np.random.default_rng([run.seed, list(N_OUTPUTS).index(task)])
            outputs = torch.tensor(rng.normal(size=(N_OUTPUTS[task], n_rows)))
            said[teacher] = activated(outputs, KINDS[task])
    return Lessons(N_BLOCKS, said)


def taught_loss(task: Task, z: torch.Tensor, said: torch.Tensor) -> torch.Tensor:
    """The loss of each row against a teacher; z and said are [rows, K]."""
    f = torch.nn.functional
    if task.kind == "multiclass":
        return f.cross_entropy(z, said, reduction="none")
    if task.kind == "regression":
        return f.mse_loss(z, said, reduction="none")[:, 0]
    return f.binary_cross_entropy_with_logits(z, said, reduction="none").mean(dim=1)


def train_plain_student(
    run: RunSpec, data: SeedData, lessons: Lessons, *, widths: tuple[int, ...], batch_size: int, epochs: int
) -> PlainNetwork:
    """Train one run on the two losses, each computed by torch, with no mixed target anywhere."""
    network, teaching = PlainNetwork(run, widths), Distillation.of(run.distillation)
    optimizer = torch.optim.AdamW(network.parameters(), lr=run.learning_rate, weight_decay=run.weight_decay)
    teachers = teachers_of(run, n_blocks=N_BLOCKS)
    for epoch in range(epochs):
        rows, order = data.epoch(epoch), data.order(epoch)
        share = teaching.start + (teaching.end - teaching.start) * epoch / (epochs - 1)
        for start in range(0, rows.n_rows, batch_size):
            batch = slice(start, start + batch_size)
            outputs, total = network(rows.x[:, batch].t()), torch.zeros((), dtype=torch.float64)
            for position, task in enumerate(TASKS):
                if task.name not in run.subset:
                    continue
                own = slice(FIRST_ROW[task.name], FIRST_ROW[task.name] + N_OUTPUTS[task.name])
                there = rows.labelled[position, batch].bool()
                z, y = outputs[task.name], rows.y[own, batch].t()
                said = lessons.said[teachers[task.name]][:, order[batch]].t()
                by_teacher = (1 - share) * taught_loss(task, z, said)
                n_there = there.sum().item()
                loss = share * n_there * plain_loss(task, z, y, there) + by_teacher[there].sum()
                count = float(n_there)
                if teaching.unlabelled:
                    loss = loss + by_teacher[~there].sum()
                    count += (1 - share) * (~there).sum().item()
                total = total + loss / max(count, 1e-6)
            optimizer.zero_grad()
            total.backward()
            optimizer.step()
    return network
