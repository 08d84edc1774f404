"""A study opened for work: its data loaded and checked, its record open, its trainers ready."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from numbers import Integral
from pathlib import Path
from typing import Literal

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
from taskgroup.storage import SqlRecord, open_record, weights_folder
from taskgroup.training import KeptWeights, Trainer

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
    distils: bool | None = None,
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
        distils: Whether single-task networks may teach; as the study says by default.

    Raises:
        InputError: If anything about the study, its data or the storage is wrong.
    """
    if not isinstance(workers, Integral) or workers < 1:
        raise InputError(f"workers is {workers!r}; give a whole number, at least 1")
    if device not in DEVICES:
        raise InputError(f"device is {device!r}; known: {', '.join(DEVICES)}")
    listener = progress or Silent()
    distils = study.search.distils if distils is None else distils
    with contextlib.ExitStack() as opened:
        weights = opened.enter_context(_kept_weights(study.search.keep_weights, storage, distils=distils))
        dataset, fingerprint, executor = _prepared(
            study, seeds, workers=workers, device=device, data=data, weights=weights
        )
        opened.callback(listener.close)
        opened.callback(executor.close)
        record = opened.enter_context(open_record(storage or IN_MEMORY))
        study_id = record.open_study(study, data_fingerprint=fingerprint)
        lab = Lab(executor, record, study_id, study.context(fingerprint), listener)
        yield Session(dataset, record, study_id, lab)


@contextlib.contextmanager
def _kept_weights(
    asked: Literal["none", "single", "all"], storage: str | None, *, distils: bool
) -> Iterator[KeptWeights | None]:
    """Where weights are kept: beside the record, or in a folder that goes with one in memory."""
    if asked == "none" and not distils:
        yield None
        return
    folder = weights_folder(storage or IN_MEMORY)
    if folder is None and asked != "none":
        raise InputError(
            f"search.keep_weights is {asked!r}, but the record is in memory and goes with the search; give "
            "a storage such as sqlite:///taskgroup.db"
        )
    whose = "teachers" if asked == "none" else asked
    if folder is not None:
        yield KeptWeights(folder, whose)
        return
    with tempfile.TemporaryDirectory(prefix="taskgroup-") as temporary:
        yield KeptWeights(Path(temporary), whose)


def _prepared(
    study: Study,
    seeds: tuple[int, ...],
    *,
    workers: int,
    device: str,
    data: object,
    weights: KeptWeights | None,
) -> tuple[Dataset | None, str, Executor]:
    """The rows if there are any here, what runs must not be mixed by, and who trains."""
    if study.trainer is not None:
        if data is not None:
            raise InputError("data= was given, but a trainer of your own has data of its own; drop it")
        executor = _external(study, study.trainer, workers=workers, device=device)
        return None, trainer_fingerprint(study.trainer), executor
    dataset = load_checked(study, seeds, data=data)
    engine = _engine(study, dataset, workers=workers, device=device, weights=weights)
    return dataset, dataset.fingerprint, engine


def _engine(
    study: Study, dataset: Dataset, *, workers: int, device: str, weights: KeptWeights | None
) -> Executor:
    if workers == 1:
        return InlineExecutor(Trainer(study, dataset, device=device, weights=weights))
    return ProcessExecutor(study, dataset, n_workers=workers, device=device, weights=weights)


def _external(study: Study, trainer: TrainerSpec, *, workers: int, device: str) -> Executor:
    if device != "cpu":
        raise InputError(f"device is {device!r}, but a trainer of your own chooses its device; drop it")
    check_external(study, trainer)
    return trainer_executor(study, trainer, workers=workers)
