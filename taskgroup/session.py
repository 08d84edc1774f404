"""A study opened for work: its data loaded and checked, its record open, its trainers ready."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from numbers import Integral

from taskgroup.data import Dataset
from taskgroup.errors import InputError
from taskgroup.executors import (
    Executor,
    InlineExecutor,
    ProcessExecutor,
    trainer_executor,
    trainer_fingerprint,
)
from taskgroup.loading import check_external, load_checked
from taskgroup.search import Lab, Progress, Silent
from taskgroup.spec import Study, TrainerSpec
from taskgroup.storage import SqlRecord, open_record
from taskgroup.training import Trainer

IN_MEMORY = "sqlite://"
DEVICES = ("auto", "cpu", "cuda")


@dataclass(frozen=True)
class Session:
    """What a search works with.

    Attributes:
        dataset: The study's rows; None where a trainer of the user's has them.
        record: The open record.
        study_id: The study's number in it.
        lab: Trains and records.
    """

    dataset: Dataset | None
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
    data: object = None,
    progress: Progress | None = None,
) -> Iterator[Session]:
    """Load the data, open the record and start the workers; close all of it in the end.

    Args:
        study: What to work on.
        seeds: All seeds that will be used; the data must be learnable at each.
        storage: SQLAlchemy URL; in memory by default.
        workers: Processes to train in; 1 trains in this one. Commands at the same time for a trainer.
        device: `cpu`, `cuda` or `auto`.
        data: In place of the study's source: a table, or a map-style data set.
        progress: Hears what happens.

    Raises:
        InputError: If anything about the study, its data or the storage is wrong.
    """
    if not isinstance(workers, Integral) or workers < 1:
        raise InputError(f"workers is {workers!r}; give a whole number, at least 1")
    if device not in DEVICES:
        raise InputError(f"device is {device!r}; known: {', '.join(DEVICES)}")
    listener = progress or Silent()
    dataset, fingerprint, executor = _prepared(study, seeds, workers=workers, device=device, data=data)
    try:
        with open_record(storage or IN_MEMORY) as record:
            study_id = record.open_study(study, data_fingerprint=fingerprint)
            lab = Lab(executor, record, study_id, study.context(fingerprint), listener)
            yield Session(dataset, record, study_id, lab)
    finally:
        executor.close()
        listener.close()


def _prepared(
    study: Study, seeds: tuple[int, ...], *, workers: int, device: str, data: object
) -> tuple[Dataset | None, str, Executor]:
    """The rows if there are any here, what runs must not be mixed by, and who trains."""
    if study.trainer is not None:
        if data is not None:
            raise InputError("data= was given, but a trainer of your own has data of its own; drop it")
        executor = _external(study, study.trainer, workers=workers, device=device)
        return None, trainer_fingerprint(study.trainer), executor
    dataset = load_checked(study, seeds, data=data)
    return dataset, dataset.fingerprint, _engine(study, dataset, workers=workers, device=device)


def _engine(study: Study, dataset: Dataset, *, workers: int, device: str) -> Executor:
    if workers == 1:
        return InlineExecutor(Trainer(study, dataset, device=device))
    return ProcessExecutor(study, dataset, n_workers=workers, device=device)


def _external(study: Study, trainer: TrainerSpec, *, workers: int, device: str) -> Executor:
    if device != "cpu":
        raise InputError(f"device is {device!r}, but a trainer of your own chooses its device; drop it")
    check_external(study, trainer)
    return trainer_executor(study, trainer, workers=workers)
