"""What estimators work on: the data of a study and joint trainings of all its tasks, made when first needed.

The trainings use seeds of their own, so that an estimate has neither initial weights nor the draw of its
rows in common with the runs that it is compared with.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict
from functools import cached_property
from typing import TYPE_CHECKING, Any, final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from taskgroup.affinity import ESTIMATORS
from taskgroup.errors import InputError, TaskgroupError
from taskgroup.search.recipe import Recipe
from taskgroup.spec import Study, Subset, subset_from_name

if TYPE_CHECKING:  # what was measured is shown without torch
    from taskgroup.data import Dataset, Prepared
    from taskgroup.training import JointProbe

N_SEEDS = 3
_SEEDS_APART = 1_000_000  # as in the plan of a search
_SEEDS_FROM = 250_000  # between the plan's seeds and its fresh ones


@final
class EstimatorInputs:
    """The data and the joint trainings of one study.

    Args:
        study: Data, tasks and model.
        recipe: How all tasks are trained together.
        dataset: The study's rows; read where they are needed by default.
        fingerprint: Of the data that were searched; None where none were.
        tell: Hears what is trained.
    """

    def __init__(
        self,
        study: Study,
        recipe: Recipe,
        *,
        dataset: Dataset | None = None,
        fingerprint: str | None,
        tell: Callable[[str], None],
    ) -> None:
        self._study, self._recipe, self._fingerprint, self._tell = study, recipe, fingerprint, tell
        self._given = dataset
        first = study.seed * _SEEDS_APART + _SEEDS_FROM
        self._seeds = tuple(range(first, first + N_SEEDS))

    @property
    def document(self) -> dict[str, Any]:
        """What decides an estimate, besides the study itself, as plain JSON values."""
        return {"recipe": asdict(self._recipe), "seeds": list(self._seeds)}

    @cached_property
    def dataset(self) -> Dataset:
        """The study's rows.

        Raises:
            InputError: If there are none, or not those that were searched, or a task cannot be learned.
        """
        from taskgroup.data import draw_split, load_dataset, require_learnable

        if not self.trains_here:
            usable = ", ".join(e.name for e in ESTIMATORS.values() if e.uses == "gains")
            raise InputError(
                f"study '{self._study.name}' is trained by a function or command of your own, so that there "
                f"are no data and no network to look at; use {usable}"
            )
        dataset = self._given or load_dataset(self._study)
        if self._fingerprint not in (None, dataset.fingerprint):
            raise InputError(
                f"the data of study '{self._study.name}' have changed since it was searched; restore "
                f"'{self._study.data.source_name}', or search again under another name"
            )
        split, study_seed = self._study.data.split, self._study.seed
        for seed in self._seeds:
            require_learnable(dataset, draw_split(dataset, split, study_seed=study_seed, seed=seed))
        return dataset

    @cached_property
    def rows(self) -> Prepared:
        """The rows as the first seed sees them."""
        from taskgroup.data import draw_split, prepare

        split, study_seed = self._study.data.split, self._study.seed
        return prepare(
            self.dataset, draw_split(self.dataset, split, study_seed=study_seed, seed=self._seeds[0])
        )

    @cached_property
    def probes(self) -> Sequence[JointProbe]:
        """A joint training of all tasks at each seed."""
        dataset = self.dataset
        from taskgroup.training import Trainer

        started = time.perf_counter()
        trainer, tasks = Trainer(self._study, dataset), self._study.task_names
        probes = [trainer.probe(self._recipe.spec(tasks, seed)) for seed in self._seeds]
        seconds = time.perf_counter() - started
        self._tell(f"trained {len(probes)} networks for all tasks, to estimate from, in {seconds:.1f} s")
        return probes

    def flops_of(self, runs: pd.DataFrame) -> float | None:
        """What training these runs took, about; None where the data are not there to count it by.

        Args:
            runs: With the columns run_id, subset, depth and epochs.
        """
        if not self.trains_here or "epochs" not in runs or self._study.model.encoder != "mlp":
            return None
        try:
            dataset, train = self.dataset, self.rows.split.train
        except TaskgroupError:
            return None
        from taskgroup.training import network_flops, training_flops

        sizes: dict[str, Any] = {
            "n_inputs": dataset.features.shape[1],
            "widths": self._study.model.widths,
            "n_outputs": {name: target.n_outputs for name, target in dataset.targets.items()},
        }
        once = runs.drop_duplicates("run_id")
        subsets, depths = map(subset_from_name, once["subset"]), once["depth"].astype(int)
        return math.fsum(
            training_flops(
                network_flops(subset, depth, **sizes),
                n_rows=self._n_training_rows(subset, train),
                epochs=epochs,
            )
            for subset, depth, epochs in zip(subsets, depths, once["epochs"].astype(int), strict=True)
        )

    def _n_training_rows(self, subset: Subset, train: NDArray[np.int64]) -> int:
        """Of the training rows, those of these tasks; all where tasks share them."""
        owner = self.dataset.owner
        if owner is None:
            return len(train)
        tasks = [self._study.task_names.index(name) for name in subset]
        return int(np.isin(owner[train], tasks).sum())

    @property
    def trains_here(self) -> bool:
        """Whether networks of the study are trained here, and not by a trainer of the user's."""
        return self._study.trainer is None and self._study.main_tasks[0].score.gain_scale == "error"
