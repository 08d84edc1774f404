"""Small training cases that need no data set, and the plain single-run reference."""

from __future__ import annotations

import numpy as np
import torch
from torch import nn

from taskgroup.models import initial_block, initial_head
from taskgroup.spec import RunSpec, Sharing, Task
from taskgroup.training import Part, SeedData, Shapes

TASKS = (
    Task(name="class", kind="multiclass"),
    Task(name="flag", kind="binary"),
    Task(name="size", kind="regression"),
    Task(name="tags", kind="multilabel", target=["t1", "t2"]),
    Task(name="weight", kind="regression", metric="rmse"),
)
ALL_TASKS = [task.name for task in TASKS]
N_OUTPUTS = {"class": 3, "flag": 1, "size": 1, "tags": 2, "weight": 1}
N_INPUTS = 5
FIRST_ROW = {"class": 0, "flag": 3, "size": 4, "tags": 5, "weight": 7}


def shapes(
    *, widths: tuple[int, ...] = (6, 4), batch_size: int = 8, dtype: torch.dtype = torch.float64
) -> Shapes:
    return Shapes(TASKS, N_OUTPUTS, N_INPUTS, widths, batch_size, dtype)


def spec(*subset: str, depth: int = 2, seed: int = 0, **settings: object) -> RunSpec:
    given = {"weighting": "equal", "learning_rate": 0.01, "weight_decay": 0.01, **settings}
    return RunSpec(tuple(subset), Sharing("hard", depth), seed=seed, **given)  # type: ignore[arg-type]


def part(rng: np.random.Generator, n_rows: int, missing: float) -> Part:
    x = torch.tensor(rng.normal(size=(N_INPUTS, n_rows)))
    y = torch.zeros(8, n_rows, dtype=torch.float64)
    y[rng.integers(0, 3, n_rows), range(n_rows)] = 1.0
    for row in (3, 5, 6):
        y[row] = torch.tensor((rng.normal(size=n_rows) > 0).astype(float))
    for row in (4, 7):
        y[row] = x[0] + torch.tensor(rng.normal(size=n_rows))
    labelled = torch.tensor((rng.random((5, n_rows)) >= missing).astype(float))
    return Part(x, y, labelled, bool(labelled.all()))


def seed_rows(seed: int, *, n_rows: int = 29, missing: float = 0.0) -> SeedData:
    rng = np.random.default_rng(seed)
    train, validation, test = (part(rng, n, missing) for n in (n_rows, 21, 23))
    n_labels = train.labelled.sum(dim=1).numpy()
    scale = np.array([1.0, 1.0, 2.0, 1.0, 3.0])
    return SeedData(seed, train, {"validation": validation, "test": test}, n_labels, scale)


class PlainNetwork(nn.Module):
    """One run as anybody would write it: modules, autograd, one optimiser."""

    def __init__(self, run: RunSpec, widths: tuple[int, ...]) -> None:
        super().__init__()
        sizes = (N_INPUTS, *widths)
        depth = run.sharing.depth

        def block(level: int) -> nn.Linear:
            return _linear(initial_block(run.seed, level, sizes[level], sizes[level + 1]))

        self.shared = nn.ModuleList(block(level) for level in range(depth))
        self.private = nn.ModuleDict(
            {t: nn.ModuleList(block(level) for level in range(depth, len(widths))) for t in run.subset}
        )
        self.heads = nn.ModuleDict(
            {t: _linear(initial_head(run.seed, t, sizes[-1], N_OUTPUTS[t])) for t in run.subset}
        )

    def forward(self, x: torch.Tensor) -> dict[str, torch.Tensor]:
        for block in self.shared:
            x = block(x).relu()
        outputs = {}
        for task, head in self.heads.items():
            h = x
            for block in self.private[task]:
                h = block(h).relu()
            outputs[task] = head(h)
        return outputs


def _linear(values: tuple[np.ndarray, np.ndarray]) -> nn.Linear:
    weight, bias = (torch.tensor(v) for v in values)
    layer = nn.Linear(weight.shape[1], weight.shape[0], dtype=torch.float64)
    layer.weight.data, layer.bias.data = weight, bias
    return layer


def plain_loss(task: Task, z: torch.Tensor, y: torch.Tensor, labelled: torch.Tensor) -> torch.Tensor:
    """Mean over labelled rows; z and y are [rows, K]."""
    f = nn.functional
    if not labelled.any():
        return z.sum() * 0.0
    z, y = z[labelled], y[labelled]
    if task.kind == "multiclass":
        return f.cross_entropy(z, y.argmax(dim=1))
    return f.mse_loss(z, y) if task.kind == "regression" else f.binary_cross_entropy_with_logits(z, y)


def train_plain(
    run: RunSpec,
    data: SeedData,
    *,
    widths: tuple[int, ...],
    batch_size: int,
    epochs: int,
    absent_tasks_learn: bool = True,
    network: PlainNetwork | None = None,
) -> PlainNetwork:
    """Train one run with autograd and torch's own AdamW."""
    network = network or PlainNetwork(run, widths)
    groups: list[dict[str, object]] = [{"params": list(network.parameters())}]
    noise = {t: torch.zeros((), dtype=torch.float64, requires_grad=True) for t in run.subset}
    if run.weighting == "uncertainty":
        groups.append({"params": list(noise.values()), "weight_decay": 0.0})
    optimizer = torch.optim.AdamW(groups, lr=run.learning_rate, weight_decay=run.weight_decay)
    inverse = {t: 1.0 / float(data.n_labels[i]) for i, t in enumerate(N_OUTPUTS) if t in run.subset}
    for epoch in range(epochs):
        rows = data.epoch(epoch)
        for start in range(0, rows.n_rows, batch_size):
            batch = slice(start, start + batch_size)
            outputs = network(rows.x[:, batch].t())
            total = torch.zeros((), dtype=torch.float64)
            for position, task in enumerate(TASKS):
                if task.name not in run.subset:
                    continue
                own = slice(FIRST_ROW[task.name], FIRST_ROW[task.name] + N_OUTPUTS[task.name])
                labelled = rows.labelled[position, batch].bool()
                loss = plain_loss(task, outputs[task.name], rows.y[own, batch].t(), labelled)
                if run.weighting == "uncertainty":
                    s = noise[task.name]
                    loss = (0.5 if task.kind == "regression" else 1.0) * (-s).exp() * loss
                    loss = loss + (s / 2 if absent_tasks_learn or labelled.any() else 0.0)
                if run.weighting == "inverse_size":
                    loss = loss * inverse[task.name] / (sum(inverse.values()) / len(inverse))
                total = total + loss
            optimizer.zero_grad()
            total.backward()
            optimizer.step()
    return network
