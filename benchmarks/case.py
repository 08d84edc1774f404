"""The jobs that are timed: a table, the study over it, and its rows as every contender reads them."""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor

from taskgroup.data import dataset_from_table
from taskgroup.models import fastest_product
from taskgroup.spec import RunResult, RunSpec, Sharing, Study, Subset, parse_study
from taskgroup.training import Cohort, SeedData, Shapes, pack, seed_data, train_cohort

LEARNING_RATE, WEIGHT_DECAY = 1e-3, 1e-2


@dataclass(frozen=True)
class Case:
    """Regression tasks on a synthetic table, in training as in the comparisons of multi-task libraries.

    Attributes:
        n_rows: Training rows; a quarter as many are validated on, and as many tested on.
        n_features: Columns.
        n_tasks: Tasks, all regressions.
        widths: Of the shared encoder.
        batch_size: Rows a step.
        epochs: Passes over the training rows.
    """

    n_rows: int = 4000
    n_features: int = 32
    n_tasks: int = 8
    widths: tuple[int, ...] = (64, 64)
    batch_size: int = 128
    epochs: int = 10

    @property
    def n_steps(self) -> int:
        """Optimiser steps of one run."""
        return self.epochs * -(-self.n_rows // self.batch_size)

    def flops(self, n_outputs: int) -> float:
        """Floating-point operations in the matrix products of one run's training."""
        sizes = (self.n_features, *self.widths, n_outputs)
        products = [3 * a * b for a, b in itertools.pairwise(sizes)]
        products[0] -= self.n_features * self.widths[0]  # the data need no gradient
        return 2.0 * sum(products) * self.n_rows * self.epochs

    def study(self, precision: str = "float32") -> Study:
        """The study over the table, with 4 of 6 parts of the rows for training."""
        return parse_study(
            {
                "name": "benchmark",
                "data": {"source": "memory", "split": {"test": 1 / 6, "validation": 1 / 6}},
                "tasks": [{"name": name, "kind": "regression"} for name in self.task_names],
                "model": {"widths": list(self.widths)},
                "training": {
                    "epochs": self.epochs,
                    "batch_size": self.batch_size,
                    "precision": precision,
                },
            }
        )

    @property
    def task_names(self) -> Subset:
        """All tasks."""
        return tuple(f"task_{i}" for i in range(self.n_tasks))

    def table(self) -> dict[str, object]:
        """Smooth functions of the features with noise."""
        rng = np.random.default_rng(0)
        x = rng.normal(size=(3 * self.n_rows // 2, self.n_features))
        y = np.tanh(x @ rng.normal(size=(self.n_features, self.n_tasks)) / self.n_features**0.5)
        y += 0.3 * rng.normal(size=y.shape)
        features = {f"x{i}": x[:, i] for i in range(self.n_features)}
        return {**features, **{name: y[:, i] for i, name in enumerate(self.task_names)}}


class Workload:
    """A case made ready: rows are drawn and standardised beforehand, so that no time includes it.

    Args:
        case: What to train.
        precision: Of taskgroup's products.
    """

    def __init__(self, case: Case, precision: str = "float32") -> None:
        self.case, self._precision = case, precision
        study = case.study(precision)
        self._dataset = dataset_from_table(case.table(), study)
        self._study = study
        self._seeds: dict[int, SeedData] = {}
        self.shapes = Shapes(
            tasks=tuple(study.tasks),
            n_outputs=dict.fromkeys(case.task_names, 1),
            n_inputs=case.n_features,
            widths=case.widths,
            batch_size=case.batch_size,
            product=fastest_product("cpu", precision),
        )

    def rows(self, seed: int = 0) -> SeedData:
        """The rows of a seed."""
        if seed not in self._seeds:
            self._seeds[seed] = seed_data(self._study, self._dataset, seed, dtype=torch.float32, device="cpu")
        return self._seeds[seed]

    def row_major(self, part: Literal["train", "test"], n_tasks: int) -> tuple[Tensor, Tensor]:
        """Features [n, D] and the first tasks' targets [n, tasks] of seed 0, as other libraries read them."""
        rows = self.rows().train if part == "train" else self.rows().scored["test"]
        return rows.x.t().contiguous(), rows.y[:n_tasks].t().contiguous()

    def runs(self, n_runs: int, n_tasks: int) -> list[RunSpec]:
        """Runs as a search asks for them: all subsets of one size at a seed, then at the next."""
        subsets = list(itertools.combinations(self.case.task_names, n_tasks))
        sharing = Sharing("hard", len(self.case.widths))
        wanted = ((i // len(subsets), subsets[i % len(subsets)]) for i in range(n_runs))
        runs = [RunSpec(s, sharing, "equal", LEARNING_RATE, WEIGHT_DECAY, seed) for seed, s in wanted]
        for run in runs:
            self.rows(run.seed)
        return runs

    def train(self, runs: Sequence[RunSpec], *, shapes: Shapes | None = None) -> list[RunResult]:
        """Train one cohort, scores on validation and test rows included."""
        with products_in(self._precision):
            return train_cohort(runs, self._seeds, shapes or self.shapes, max_epochs=self.case.epochs)

    def training_loss(self, runs: Sequence[RunSpec]) -> float:
        """Mean over runs and tasks of the training loss after training the runs as one cohort."""
        seeds = {
            run.seed: replace(self.rows(run.seed), scored={"validation": self.rows(run.seed).train})
            for run in runs
        }
        cohort = Cohort(runs, seeds, self.shapes)
        with products_in(self._precision):
            for epoch in range(self.case.epochs):
                cohort.train_epoch(epoch)
            return float(cohort.run_means(cohort.validation_losses()).mean())

    def own_packing(self, runs: Sequence[RunSpec]) -> list[list[RunSpec]]:
        """The cohorts that taskgroup makes of runs."""
        shapes = self.shapes
        return pack(
            runs,
            n_inputs=shapes.n_inputs,
            widths=shapes.widths,
            n_outputs=shapes.n_outputs,
            batch_size=shapes.batch_size,
        )


@contextlib.contextmanager
def products_in(precision: str) -> Iterator[None]:
    """Round the inputs of torch's products to bfloat16 where that is asked for."""
    settings: Any = torch.backends.mkldnn.matmul  # type: ignore[attr-defined]
    before = settings.fp32_precision
    settings.fp32_precision = "bf16" if precision == "bfloat16" else before
    try:
        yield
    finally:
        settings.fp32_precision = before
