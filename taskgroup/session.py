"""A study opened for work: its data loaded and checked, its record open, its trainers ready.

Everything that can be wrong with a study is found here, before a database is created or a run is trained.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from taskgroup.data import Dataset, draw_split, load_dataset, require_learnable
from taskgroup.errors import InputError, nearest
from taskgroup.executors import Executor, InlineExecutor, ProcessExecutor
from taskgroup.search import Lab, Progress, Silent
from taskgroup.spec import Study, metric_for, read_study
from taskgroup.storage import SqlRecord, open_record
from taskgroup.training import Trainer
from taskgroup.weighting import WEIGHTINGS

IN_MEMORY = "sqlite://"


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
        metric_for(task.metric, task.kind)
    for i, name in enumerate(study.search.weighting):
        if name not in WEIGHTINGS:
            raise InputError(f"{path}: 'search.weighting[{i}]' is {name!r}; {nearest(name, WEIGHTINGS)}")
    return study


def load_checked(study: Study, seeds: Iterator[int] | range | tuple[int, ...]) -> Dataset:
    """Load a study's data and check that every task can be learned at every seed.

    Raises:
        InputError: If not; the message names the source, column or task.
    """
    dataset = load_dataset(study)
    if len(study.tasks) < 2:
        raise InputError(
            f"study '{study.name}' has one task, {study.tasks[0].name!r}; list at least two under 'tasks'"
        )
    for seed in seeds:
        split = draw_split(dataset, study.data.split, study_seed=study.seed, seed=seed)
        require_learnable(dataset, split)
    return dataset


@dataclass(frozen=True)
class Session:
    """What a search works with.

    Attributes:
        dataset: The study's rows.
        record: The open record.
        study_id: The study's number in it.
        lab: Trains and records.
    """

    dataset: Dataset
    record: SqlRecord
    study_id: int
    lab: Lab


@contextlib.contextmanager
def open_session(
    study: Study,
    seeds: tuple[int, ...],
    *,
    storage: str | None = None,
    workers: int = 1,
    device: str = "cpu",
    progress: Progress | None = None,
) -> Iterator[Session]:
    """Load the data, open the record and start the workers; close all of it in the end.

    Args:
        study: What to work on.
        seeds: All seeds that will be used; the data must be learnable at each.
        storage: SQLAlchemy URL; in memory by default.
        workers: Processes to train in; 1 trains in this one.
        device: `cpu`, `cuda` or `auto`.
        progress: Hears what happens.

    Raises:
        InputError: If anything about the study, its data or the storage is wrong.
    """
    if workers < 1:
        raise InputError(f"workers is {workers}; give at least 1")
    dataset = load_checked(study, seeds)
    executor = _executor(study, dataset, workers=workers, device=device)
    fingerprint = dataset.fingerprint
    try:
        with open_record(storage or IN_MEMORY) as record:
            study_id = record.open_study(study, data_fingerprint=fingerprint)
            lab = Lab(executor, record, study_id, study.context(fingerprint), progress or Silent())
            yield Session(dataset, record, study_id, lab)
    finally:
        executor.close()


def _executor(study: Study, dataset: Dataset, *, workers: int, device: str) -> Executor:
    if workers == 1:
        return InlineExecutor(Trainer(study, dataset, device=device))
    return ProcessExecutor(study, dataset, n_workers=workers, device=device)
