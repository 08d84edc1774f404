"""Studies and their data, read and checked before anything is trained or written."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from taskgroup.data import Dataset, draw_split, load_dataset, require_learnable
from taskgroup.errors import InputError, nearest
from taskgroup.search import affordable_depths
from taskgroup.spec import Study, metric_for, read_study
from taskgroup.weighting import WEIGHTINGS


def load_study(path: str | Path) -> Study:
    """Read and check a study file.

    Args:
        path: A YAML file; relative data paths in it are taken from its folder.

    Raises:
        InputError: If the file is missing, is no YAML, or breaks the study's rules; the message names the
            key's path, the value and the nearest valid ones.
    """
    study = read_study(path)
    for task in study.tasks:
        metric_for(task.metric, task.kind)  # a trainer's own scores are for the Python interface alone
    for i, name in enumerate(study.search.weighting):
        if name not in WEIGHTINGS:
            raise InputError(f"{path}: 'search.weighting[{i}]' is {name!r}; {nearest(name, WEIGHTINGS)}")
    return study


def _require_mixed_batches(study: Study) -> None:
    """Refuse weightings that compare the tasks' losses in each step where a step has one task only."""
    if study.training.sampling != "round_robin":
        return
    for i, name in enumerate(study.search.weighting):
        if WEIGHTINGS[name].needs_losses:
            raise InputError(
                f"search.weighting[{i}] {name!r} looks at the losses of several tasks in each step, but "
                "with training.sampling 'round_robin' a step has one task only; use weighting 'equal', or "
                "sampling 'proportional'"
            )


def load_checked(study: Study, seeds: Iterable[int]) -> Dataset:
    """Load a study's data and check that every task can be learned at every seed.

    Raises:
        InputError: If not; the message names the source, column or task.
    """
    dataset = load_dataset(study)
    if len(study.tasks) < 2:
        raise InputError(
            f"study '{study.name}' has one task, {study.tasks[0].name!r}; list at least two under 'tasks'"
        )
    affordable_depths(study, dataset.features.shape[1])
    _require_mixed_batches(study)
    for seed in seeds:
        split = draw_split(dataset, study.data.split, study_seed=study.seed, seed=seed)
        require_learnable(dataset, split)
    return dataset
