"""A study opened for work: its data loaded and checked, its record open, its trainers ready."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from numbers import Integral

from taskgroup.data import Dataset
from taskgroup.errors import InputError
from taskgroup.executors import Executor, InlineExecutor, ProcessExecutor
from taskgroup.loading import load_checked
from taskgroup.search import Lab, Progress, Silent
from taskgroup.spec import Study
from taskgroup.storage import SqlRecord, open_record
from taskgroup.training import Trainer

IN_MEMORY = "sqlite://"
DEVICES = ("auto", "cpu", "cuda")


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
    if not isinstance(workers, Integral) or workers < 1:
        raise InputError(f"workers is {workers!r}; give a whole number, at least 1")
    if device not in DEVICES:
        raise InputError(f"device is {device!r}; known: {', '.join(DEVICES)}")
    dataset = load_checked(study, seeds)
    listener = progress or Silent()
    executor = _executor(study, dataset, workers=workers, device=device)
    fingerprint = dataset.fingerprint
    try:
        with open_record(storage or IN_MEMORY) as record:
            study_id = record.open_study(study, data_fingerprint=fingerprint)
            lab = Lab(executor, record, study_id, study.context(fingerprint), listener)
            yield Session(dataset, record, study_id, lab)
    finally:
        executor.close()
        listener.close()


def _executor(study: Study, dataset: Dataset, *, workers: int, device: str) -> Executor:
    if workers == 1:
        return InlineExecutor(Trainer(study, dataset, device=device))
    return ProcessExecutor(study, dataset, n_workers=workers, device=device)
