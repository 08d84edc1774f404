"""Simulated studies, trained by the cohort engine: with real joint runs, or with sham ones that change nothing."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any, Literal

import numpy as np
import pandas as pd
import torch

from taskgroup.data import Dataset, dataset_from_table, independent_tasks, planted_groups
from taskgroup.models import fastest_product
from taskgroup.search import Recipes, default_recipes
from taskgroup.search.analysis import results_frame
from taskgroup.spec import RunResult, RunSpec, Sharing, Study, Subset, parse_study
from taskgroup.training import SeedData, Shapes, pack, seed_data, train_cohort
from taskgroup.transfer import with_gains

World = Literal["independent", "conflict", "planted"]
_SEEDS_APART = 10_000  # seeds of the search below, those of sham runs above
_N_TRIPLES = 4


class SimulatedStudy:
    """Five or six tasks, regressions and binary ones mixed, on a small table.

    Args:
        number: Decides rows, noise, kinds and the triples that are measured.
        world: `independent` tasks, independent ones in `conflict` over the encoder, or `planted` groups.
        epochs: Passes over the training rows.
    """

    def __init__(self, number: int, world: World = "independent", *, epochs: int = 40) -> None:
        rng = np.random.default_rng([number, len(world)])
        self.world = world
        self.n_tasks = int(rng.integers(5, 7))
        self.kinds = ["binary" if i % 2 else "regression" for i in range(self.n_tasks)]
        self._n_rows = int(rng.choice([300, 500, 800]))
        self._noise = float(rng.choice([0.5, 1.0]))
        self._number, self._epochs = number, epochs
        names = tuple(f"t{i}" for i in range(self.n_tasks))
        triples = list(itertools.combinations(names, 3))
        chosen = rng.choice(len(triples), _N_TRIPLES, replace=False)
        self.subsets: list[Subset] = [
            *itertools.combinations(names, 2),
            *(triples[i] for i in sorted(chosen)),
            names,
        ]

    @cached_property
    def study(self) -> Study:
        """The study over the table."""
        return parse_study(
            {
                "name": f"simulated-{self._number}",
                "data": {"source": "memory"},
                "tasks": [{"name": f"t{i}", "kind": kind} for i, kind in enumerate(self.kinds)],
                "model": {"widths": [24, 24]},
                "training": {"epochs": self._epochs, "batch_size": 64},
                "seed": self._number,
            }
        )

    @property
    def recipes(self) -> Recipes:
        """Default settings, all blocks shared."""
        return default_recipes(self.study)

    @property
    def n_inputs(self) -> int:
        """Features."""
        return self._shapes.n_inputs

    def joint_runs(self, seeds: Sequence[int]) -> pd.DataFrame:
        """Train single tasks and all subsets as a search does; scores with gains."""
        subsets = [*((name,) for name in self.study.task_names), *self.subsets]
        specs = [self.recipes.spec(subset, seed) for seed in seeds for subset in subsets]
        return self._with_gains(self._train(specs, {seed: self._rows(seed) for seed in seeds}))

    def sham_runs(self, seeds: Sequence[int]) -> pd.DataFrame:
        """Train single tasks, and in place of every joint run its tasks alone from another start.

        A sham run has the rows of its seed, as a joint run does, but initial weights and batch order of its
        own, and shares nothing. Its error has the distribution of the single-task error, so that the true
        gain is zero for every target and subset, while noise and the pairing of runs are those of a search.
        """
        single = [self.recipes.spec((name,), seed) for seed in seeds for name in self.study.task_names]
        sham = [
            replace(self.recipes.spec(subset, _sham_seed(place, seed)), sharing=Sharing("hard", 0))
            for seed in seeds
            for place, subset in enumerate(self.subsets)
        ]
        rows = {seed: self._rows(seed) for seed in seeds}
        rows |= {run.seed: replace(rows[run.seed % _SEEDS_APART], seed=run.seed) for run in sham}
        return self._with_gains(
            [_as_joint(result, self.recipes) for result in self._train([*single, *sham], rows)]
        )

    def _train(self, specs: Sequence[RunSpec], rows: dict[int, SeedData]) -> list[RunResult]:
        shapes = self._shapes
        cohorts = pack(
            specs,
            n_inputs=shapes.n_inputs,
            widths=shapes.widths,
            n_outputs=shapes.n_outputs,
            batch_size=shapes.batch_size,
        )
        epochs = self.study.training.max_epochs
        return [r for cohort in cohorts for r in train_cohort(cohort, rows, shapes, max_epochs=epochs)]

    def _with_gains(self, results: Sequence[RunResult]) -> pd.DataFrame:
        runs = results_frame(results)
        return with_gains(runs, runs["n_tasks"] == 1, self.study.tasks)

    def _rows(self, seed: int) -> SeedData:
        return seed_data(self.study, self._dataset, seed, dtype=torch.float32, device="cpu")

    @cached_property
    def _dataset(self) -> Dataset:
        settings: dict[str, Any] = {
            "n_rows": self._n_rows,
            "noise": self._noise,
            "kind": self.kinds,
            "seed": self._number,
        }
        if self.world == "independent":
            table = independent_tasks(n_tasks=self.n_tasks, **settings)
        else:
            groups = [[name] for name in self.study.task_names]
            if self.world == "planted":
                groups = [["t0", "t1", "t2"], ["t3", "t4"], *groups[5:]]
            conflict = self.world == "conflict"
            within = 1.0 if conflict else 0.95  # in groups of one it only saves directions
            table = planted_groups(groups=groups, conflict=conflict, within=within, **settings)
        return dataset_from_table(table, self.study)

    @cached_property
    def _shapes(self) -> Shapes:
        training = self.study.training
        return Shapes(
            tasks=tuple(self.study.tasks),
            n_outputs={name: target.n_outputs for name, target in self._dataset.targets.items()},
            n_inputs=self._dataset.features.shape[1],
            widths=tuple(self.study.model.widths),
            batch_size=training.batch_size,
            product=fastest_product("cpu", "float32"),
        )


def _sham_seed(place: int, seed: int) -> int:
    return (place + 1) * _SEEDS_APART + seed


def _as_joint(result: RunResult, recipes: Recipes) -> RunResult:
    """Present a sham run as the joint run whose place it takes."""
    spec = recipes.spec(result.spec.subset, result.spec.seed % _SEEDS_APART)
    return replace(result, spec=spec)
