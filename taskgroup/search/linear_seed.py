"""Every linear method at one seed: the rows, splits and metrics of the networks of that seed.

A strength is chosen on the validation rows, for the whole task list, as networks are tuned; the chosen fit is
not fitted again with these rows, since networks do not learn from them either.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import final

import numpy as np
import torch
from numpy.typing import NDArray

from taskgroup.data import Dataset, Prepared, draw_split, prepare
from taskgroup.linear import LinearFit, LinearMethod, LinearRows, Strength
from taskgroup.spec import SPLITS, Split, Study, Task
from taskgroup.training import score

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class ChosenFit:
    """The fit that did best on the validation rows.

    Attributes:
        strength: Its settings.
        fit: Its coefficients.
        values: Each task's score by split, ``[T]`` each.
    """

    strength: Strength
    fit: LinearFit
    values: dict[Split, Floats]


@final
class LinearSeed:
    """The rows of one seed.

    Args:
        study: Tasks and split; only main tasks are fitted.
        dataset: A plain table.
        seed: As of the networks to compare with.
    """

    def __init__(self, study: Study, dataset: Dataset, seed: int) -> None:
        self._tasks = tuple(study.main_tasks)
        split = draw_split(dataset, study.data.split, study_seed=study.seed, seed=seed)
        scored = {task.name: dataset.targets[task.name] for task in self._tasks}
        self._prepared = prepare(replace(dataset, targets=scored), split)
        x, targets, counts = self._part(split.train)
        self.rows = LinearRows(x, targets, counts, self._tasks, self._prepared.outputs)
        self._scored = {"validation": self._part(split.validation), "test": self._part(split.test)}

    def choose(self, method: LinearMethod) -> ChosenFit:
        """Fit a method at all its strengths and choose one."""
        strengths = method.strengths(self.rows)
        fits = [method.fit(self.rows, strength) for strength in strengths]
        best = self._best([self.scores(fit, "validation") for fit in fits])
        values = {split: self.scores(fits[best], split) for split in SPLITS}
        return ChosenFit(strengths[best], fits[best], values)

    def scores(self, fit: LinearFit, split: Split) -> Floats:
        """Each task's score on the rows of a split ``[T]``."""
        x, targets, counts = self._scored[split]
        outputs, prepared = fit.predict(x), self._prepared
        return np.array(
            [
                _score(prepared, position, outputs, targets, counts, task=task)
                for position, task in enumerate(self._tasks)
            ]
        )

    def _best(self, values: Sequence[Floats]) -> int:
        """Where the mean of errors, each as a multiple of the task's median error, is least."""
        errors = np.array(
            [[t.score.error(v) for t, v in zip(self._tasks, of_fit, strict=True)] for of_fit in values]
        )
        known = np.isfinite(errors).all(axis=0)  # one class among the validation rows has no AUC
        if not known.any():
            return 0
        weights = np.array([task.importance for task in self._tasks])[known]
        floors = np.array([task.score.floor for task in self._tasks])[known]
        relative = errors[:, known] / np.maximum(np.median(errors[:, known], axis=0), floors)
        return int((relative @ weights).argmin())

    def _part(self, rows: NDArray[np.int64]) -> tuple[Floats, Floats, Floats]:
        """Features ``[n, D]``, targets ``[O, n]`` and counts ``[T, n]``."""
        prepared = self._prepared
        counts = prepared.labelled if prepared.weights is None else prepared.weights
        features, targets = prepared.features[rows], prepared.targets[:, rows]
        return features.astype(float), targets.astype(float), counts[:, rows].astype(float)


def _score(
    prepared: Prepared, position: int, outputs: Floats, targets: Floats, counts: Floats, *, task: Task
) -> float:
    own, count = prepared.outputs[task.name], counts[position]
    used = count > 0

    def tensor(values: Floats) -> torch.Tensor:
        return torch.from_numpy(np.ascontiguousarray(values[..., used])[None])

    values = score(
        task,
        tensor(outputs[own]),
        tensor(targets[own]),
        torch.ones(1, int(used.sum()), dtype=torch.bool),
        scale=torch.full((1, 1, 1), float(prepared.scale[position]), dtype=torch.float64),
        weights=None if prepared.weights is None else tensor(count),
    )
    return float(values[0])
