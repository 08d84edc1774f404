"""Small cases in which every task has rows of its own, and one stream of them as shared rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from cases import FIRST_ROW, N_OUTPUTS, TASKS

from taskgroup.data import Dataset, dataset_from_table
from taskgroup.spec import RunSpec, Study, parse_study
from taskgroup.training import OwnRowsData, Part, Shapes, own_rows_data

ROWS = {"class": 80, "flag": 40, "size": 40, "tags": 60, "weight": 90}
POSITION = {task.name: i for i, task in enumerate(TASKS)}


def table(*, seed: int = 0, rows: dict[str, int] = ROWS) -> dict[str, Any]:
    """A long table; each task's rows lie elsewhere, so that standardising matters."""
    rng = np.random.default_rng(seed)
    owner = np.repeat(list(rows), list(rows.values()))
    rng.shuffle(owner)
    n, shift = len(owner), {name: 0.5 * i for i, name in enumerate(rows)}
    x = rng.normal(size=(n, 5)) + np.array([[shift[name]] for name in owner])
    columns: dict[str, Any] = {f"x{i}": x[:, i] for i in range(5)}
    columns |= {name: (x[:, 0] + rng.normal(size=n) > 0).astype(int) for name in ("flag", "t1", "t2")}
    columns |= {name: x[:, 1] + rng.normal(size=n) for name in ("size", "weight")}
    columns["class"] = rng.integers(0, 3, n)
    return {**columns, "task": owner, "count": rng.uniform(0.5, 2.0, n)}


def study(*, data: dict[str, Any] | None = None, **training: Any) -> Study:
    return parse_study(
        {
            "name": "own_rows",
            "data": {"source": "memory", "task_column": "task", "exclude": ["count"], **(data or {})},
            "tasks": [task.model_dump() for task in TASKS],
            "model": {"widths": [6, 4]},
            "training": {"epochs": 3, "batch_size": 8, "precision": "float64", **training},
        }
    )


def seeds_of(described: Study, dataset: Dataset, seeds: tuple[int, ...] = (0, 1)) -> dict[int, OwnRowsData]:
    return {s: own_rows_data(described, dataset, s, dtype=torch.float64, device="cpu") for s in seeds}


def dataset_of(described: Study, **settings: Any) -> Dataset:
    return dataset_from_table(table(**settings), described)


@dataclass(frozen=True)
class OneStream:
    """The rows that one run should read, made without the feed: as `SeedData`, for the plain loop."""

    run: RunSpec
    data: OwnRowsData
    shapes: Shapes
    n_epochs: int
    losses: np.ndarray | None = None

    @property
    def n_labels(self) -> np.ndarray:
        return self.data.n_labels

    def epoch(self, number: int) -> Part:
        from taskgroup.training.sampling import EpochKeys, StreamDraws

        pool, tasks = self.data.train, [POSITION[name] for name in self.run.subset]
        draws = StreamDraws(
            EpochKeys(self.run.seed, number, pool.n_rows),
            [pool.rows[task] for task in tasks],
            self.run.subset,
            losses=None if self.losses is None else self.losses[:number],
            similarity=lambda a, b: self.data.similarity.of(tasks[a], tasks[b]),
        )
        order = self.shapes.sampling.order(
            draws, batch_size=self.shapes.batch_size, progress=number / (self.n_epochs - 1)
        )
        return self._part(pool, order)

    def scored(self, split: str) -> Part:
        pool = self.data.scored[split]  # type: ignore[index]
        return self._part(pool, np.concatenate([pool.rows[POSITION[name]] for name in self.run.subset]))

    def _part(self, pool: Any, order: np.ndarray) -> Part:
        own = np.concatenate([self.data.train.rows[POSITION[name]] for name in self.run.subset])
        train = self.data.train.x[own]
        x = (pool.x[order] - train.mean(dim=0)) / train.std(dim=0, correction=0)
        y = torch.zeros(8, len(order), dtype=torch.float64)
        labelled = torch.zeros(5, len(order), dtype=torch.float64)
        for name in self.run.subset:
            there = (order >= 0) & (pool.owner[order].numpy() == POSITION[name])
            first, outputs = FIRST_ROW[name], N_OUTPUTS[name]
            y[first : first + outputs, there] = pool.y[order[there], :outputs].t()
            labelled[POSITION[name], there] = pool.weight[order[there]]
        return Part(x.t().contiguous(), y, labelled, complete=False)
