"""How many rows each run of a study reads, which decides what it can train together with."""

from __future__ import annotations

from typing import final

import numpy as np

from taskgroup.data import Dataset, Split, draw_split
from taskgroup.spec import RunSpec, Study
from taskgroup.training.packing import RowsOfRun
from taskgroup.training.shapes import Shapes

_FLOAT_BYTES = 4
_COPIES = 2  # rows are gathered before they are laid out


@final
class RowSizes:
    """Row counts by seed, drawn when first asked for.

    Args:
        study: How rows are divided.
        dataset: The rows.
        shapes: What the runs have in common.
    """

    def __init__(self, study: Study, dataset: Dataset, shapes: Shapes) -> None:
        self._study, self._dataset, self._shapes = study, dataset, shapes
        self._position = {task.name: i for i, task in enumerate(shapes.tasks)}
        self._of_tasks: dict[int, tuple[list[int], list[int]]] = {}
        self._of_parts: dict[int, tuple[int, ...]] = {}

    @property
    def differ(self) -> bool:
        """Whether runs may read different numbers of rows."""
        return self._dataset.owner is not None or self._study.data.split.by == "group"

    def of_run(self, run: RunSpec) -> RowsOfRun:
        """What packing must know of a run."""
        if self._dataset.owner is not None:
            return self._own_rows(run)
        if not self.differ:
            return RowsOfRun()  # every seed has parts of the same sizes
        if run.seed not in self._of_parts:
            split = self._draw(run.seed)
            self._of_parts[run.seed] = tuple(map(len, (split.train, split.validation, split.test)))
        return RowsOfRun(self._of_parts[run.seed])

    def _own_rows(self, run: RunSpec) -> RowsOfRun:
        """Runs with equally many batches an epoch go together; each has its own copy of its rows."""
        train, all_rows = self._sizes(run.seed)
        tasks = [self._position[name] for name in run.subset]
        sampling = self._shapes.sampling_of(run)
        n_steps = sampling.n_steps([train[task] for task in tasks], self._shapes.batch_size)
        width = self._shapes.n_inputs + max(self._shapes.n_outputs.values()) + len(tasks)
        n_rows = sum(all_rows[task] for task in tasks)
        return RowsOfRun((n_steps,), _COPIES * _FLOAT_BYTES * width * n_rows)

    def _sizes(self, seed: int) -> tuple[list[int], list[int]]:
        """Labelled training rows of each task, and its rows in all."""
        if seed not in self._of_tasks:
            owner, targets = self._dataset.owner, self._dataset.targets.values()
            assert owner is not None
            train = self._draw(seed).train
            labelled = np.stack([target.labelled for target in targets])[owner[train], train]
            counts = np.bincount(owner[train][labelled], minlength=len(targets)).tolist()
            self._of_tasks[seed] = counts, np.bincount(owner, minlength=len(targets)).tolist()
        return self._of_tasks[seed]

    def _draw(self, seed: int) -> Split:
        study = self._study
        return draw_split(self._dataset, study.data.split, study_seed=study.seed, seed=seed)
