"""From a study's trainer to the executor that runs it, checked before anything is run."""

from __future__ import annotations

import hashlib
import os
import shutil
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import cast

from taskgroup.errors import InputError
from taskgroup.executors.command import CommandExecutor, trainer_folder
from taskgroup.executors.contract import Executor
from taskgroup.executors.function import FunctionExecutor, Request, TrainFunction
from taskgroup.spec import Study, TrainerSpec
from taskgroup.user_code import find_callable, importable


def trainer_executor(study: Study, trainer: TrainerSpec, *, workers: int = 1) -> Executor:
    """The executor of a trainer of the user's.

    Args:
        study: Names the tasks and their metrics.
        trainer: Its command or function.
        workers: Commands at the same time.

    Raises:
        InputError: As for `check_trainer`, or if a function is to run several times at once.
    """
    check_trainer(trainer)
    if trainer.command is not None:
        return CommandExecutor(trainer, study.tasks, n_workers=workers)
    if workers != 1:
        raise InputError(
            f"workers is {workers}, but trainer.function runs in this process, one call after the other; "
            "use 1, or a trainer.command"
        )
    return FunctionExecutor(_retried(trainer, _found(trainer)), study.tasks)


def check_trainer(trainer: TrainerSpec) -> None:
    """See that there is something to run, without running it.

    Raises:
        InputError: If the folder, the program or the function is not there.
    """
    folder = trainer_folder(trainer)
    if not folder.is_dir():
        raise InputError(f"trainer.working_directory '{folder}' is no folder; correct the path")
    if trainer.command is None:
        _found(trainer)
    else:
        _check_program(trainer, folder)


def trainer_fingerprint(trainer: TrainerSpec) -> str:
    """Hash the files that a trainer names: those among the command's words, or the function's module.

    What these import is not looked at. A changed file means another trainer, whose runs are not mixed with
    the earlier ones.
    """
    digest = hashlib.blake2b(digest_size=16)
    for path in _named_files(trainer):
        with open(path, "rb") as file:
            digest.update(hashlib.file_digest(file, "blake2b").digest())
    return digest.hexdigest()


def _check_program(trainer: TrainerSpec, folder: Path) -> None:
    program = trainer.words[0]
    if "{" in program:
        return  # {python}, which is running
    path = trainer.environment.get("PATH", os.environ.get("PATH", os.defpath))
    place = str(folder / program) if os.sep in program else program
    if shutil.which(place, path=path) is None:
        raise InputError(
            f"trainer.command starts with {program!r}, which is no program in {folder} or on the PATH; "
            "give its path, or {python} for the Python that runs taskgroup"
        )


def _named_files(trainer: TrainerSpec) -> Iterator[str]:
    if trainer.command is None:
        _found(trainer)
        named = [_file_of(trainer.address.partition(":")[0])]
    else:
        named = [os.path.join(trainer_folder(trainer), word) for word in trainer.words]
    yield from filter(os.path.isfile, named)


def _found(trainer: TrainerSpec) -> TrainFunction:
    folder, place = trainer_folder(trainer), f"trainer.function {trainer.function!r}"
    name = trainer.address.partition(":")[0]
    own, loaded = folder.joinpath(*name.split(".")).with_suffix(".py"), _file_of(name)
    if own.is_file() and loaded and not (os.path.isfile(loaded) and own.samefile(loaded)):
        raise InputError(
            f"{place}: a module {name!r} was imported before from '{loaded}'; rename {own.name}, or search "
            "in a Python process of its own"
        )
    return cast(TrainFunction, find_callable(trainer.address, place=place, folder=folder))


def _file_of(module: str) -> str:
    """Where an imported module came from; empty if it was not imported, or from no file."""
    return getattr(sys.modules.get(module), "__file__", None) or ""


def _retried(trainer: TrainerSpec, function: TrainFunction) -> TrainFunction:
    """The function, called again where it raises, with its folder's modules at hand."""

    def train(request: Request) -> Mapping[str, float]:
        with importable(trainer_folder(trainer)):
            for _ in range(trainer.retries):
                try:
                    return function(request)
                except Exception:
                    continue  # the last call may raise
            return function(request)

    return train
