"""Studies and their data, read and checked before anything is trained or written."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from taskgroup.data import Dataset, dataset_from_memory, draw_split, load_dataset, require_learnable
from taskgroup.errors import InputError
from taskgroup.search import affordable_sharings
from taskgroup.spec import WEIGHTING_FACTS, Method, Study, Task, TrainerSpec, metric_for, read_study


def load_study(path: str | Path) -> Study:
    """Read and check a study file.

    Args:
        path: A YAML file; relative data paths in it are taken from its folder.

    Raises:
        InputError: If the file is missing, is no YAML, or breaks the study's rules; the message names the
            key's path, the value and the nearest valid ones.
    """
    study = read_study(path)
    if study.trainer is not None:
        _check_metrics(study.main_tasks)
        return study
    for task in study.tasks:
        metric_for(task.metric, task.kind)  # scores of unknown range are for trainers of the user's alone
    return study


def check_external(study: Study, trainer: TrainerSpec) -> None:
    """Check a study that a trainer of the user's trains, without running it.

    Raises:
        InputError: If the trainer is not there, or the study asks for what it cannot do.
    """
    from taskgroup.executors import check_trainer  # loads torch, which reading a study does without

    _require_tasks(study)
    check_trainer(trainer)
    affordable_sharings(study, 1)


def require_encoder(study: Study, dataset: Dataset) -> None:
    """Check that the encoder can be built and takes the study's inputs.

    Raises:
        InputError: If not; the message names the key.
    """
    from taskgroup.training import Trainer  # torch takes seconds to load

    Trainer(study, dataset)


def _require_mixed_batches(study: Study) -> None:
    """Refuse weightings that compare the tasks' losses in each step where a step has one task only."""
    if "round_robin" not in (study.training.sampling, *study.search.sampling):
        return
    for i, name in enumerate(study.search.weighting):
        if WEIGHTING_FACTS[Method.parse(name).name].looks_at != "nothing":
            raise InputError(
                f"search.weighting[{i}] {name!r} looks at the losses of several tasks in each step, but "
                "with sampling 'round_robin' a step has one task only; use weighting 'equal', or sampling "
                "'proportional'"
            )


def load_checked(study: Study, seeds: Iterable[int], *, data: object = None) -> Dataset:
    """Load a study's data and check that every task can be learned at every seed.

    Args:
        study: Whose data.
        seeds: All that will be used.
        data: In place of reading the source: a table, or a map-style data set.

    Raises:
        InputError: If not; the message names the source, column or task.
    """
    dataset = load_dataset(study) if data is None else dataset_from_memory(data, study)
    _require_tasks(study)
    affordable_sharings(study, dataset.n_inputs)
    _require_mixed_batches(study)
    if not study.model.is_plain_mlp:
        require_encoder(study, dataset)
    for seed in seeds:
        split = draw_split(dataset, study.data.split, study_seed=study.seed, seed=seed)
        require_learnable(dataset, split)
    return dataset


_RELATIVE = ("relative score", "relative loss")


def _check_metrics(tasks: Iterable[Task]) -> None:
    """That gains are shares for all tasks, and of the same: of errors, or of the size of scores.

    Raises:
        InputError: If not.
    """
    for task in tasks:
        if task.metric not in _RELATIVE:
            try:
                metric_for(task.metric, task.kind)
            except InputError as error:
                raise InputError(
                    f"task {task.name!r}: {error}. A trainer's own scores: {', '.join(_RELATIVE)}"
                ) from None
    of_size = [task.name for task in tasks if task.metric in _RELATIVE]
    others = [task.name for task in tasks if task.metric not in _RELATIVE]
    if of_size and others:
        raise InputError(
            f"task {of_size[0]!r} has gains relative to its score and task {others[0]!r} to its error, which "
            f"cannot be averaged; give all tasks one of {', '.join(_RELATIVE)}, or none"
        )


def _require_tasks(study: Study) -> None:
    if len(study.tasks) < 2:
        raise InputError(
            f"study '{study.name}' has one task, {study.tasks[0].name!r}; list at least two under 'tasks'"
        )
