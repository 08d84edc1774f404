"""Cheap guesses of who helps whom, for a strategy to take or leave by how well they agree with the runs."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from taskgroup.affinity import static
from taskgroup.data import Dataset, draw_split, prepare
from taskgroup.spec import Study


def free_hints(study: Study, dataset: Dataset, *, seed: int) -> tuple[NDArray[np.float64], ...]:
    """Guesses that cost no run: what labels and features alone say of two tasks, [target, source].

    Args:
        study: Names the tasks.
        dataset: Its rows.
        seed: Whose training and validation rows are looked at; test rows never are.
    """
    split = draw_split(dataset, study.data.split, study_seed=study.seed, seed=seed)
    similarity = static(prepare(dataset, split))
    return (similarity.loc[list(study.task_names), list(study.task_names)].to_numpy(),)
