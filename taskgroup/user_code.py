"""Code of the user's own, named as `module:name`; modules in the working directory can be imported."""

from __future__ import annotations

import importlib
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

from taskgroup.errors import InputError, nearest


def find_callable(address: str, *, place: str, folder: Path | None = None) -> Callable[..., Any]:
    """Import `module:name`, a function or class.

    Args:
        address: Without the leading `python:`.
        place: Opens messages: which key asked for it.
        folder: Whose modules can be imported; the working directory by default.

    Raises:
        InputError: If the address is incomplete, or the module or the name cannot be found.
    """
    module_name, _, name = address.partition(":")
    if not module_name or not name:
        raise InputError(f"{place} is incomplete; write python:module:{_kind(place)}")
    with importable(folder or Path.cwd()):
        return _named(_import(module_name, place=place), name, place=place)


@contextmanager
def importable(folder: Path) -> Iterator[None]:
    """Let modules of a folder be imported."""
    here = str(folder)
    sys.path.insert(0, here)
    try:
        yield
    finally:
        if here in sys.path:
            sys.path.remove(here)


def describe(error: BaseException) -> str:
    """An error of the user's code in one line, with the place where it was raised."""
    frames = traceback.extract_tb(error.__traceback__)
    where = f" ({Path(frames[-1].filename).name}, line {frames[-1].lineno})" if frames else ""
    return f"{type(error).__name__}: {error}{where}"


def _import(name: str, *, place: str) -> ModuleType:
    importlib.invalidate_caches()
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name is None or not f"{name}.".startswith(f"{error.name}."):
            raise InputError(f"{place} cannot be imported: {describe(error)}; install it") from error
        raise InputError(
            f"{place}: there is no module {error.name!r}; run from the folder that holds {error.name}.py, "
            "or install it"
        ) from None
    except (Exception, SystemExit) as error:
        raise InputError(f"{place} cannot be imported: {describe(error)}; mend the module") from error


def _named(module: ModuleType, name: str, *, place: str) -> Callable[..., Any]:
    found: Callable[..., Any] | None = getattr(module, name, None)
    if not callable(found):
        known = [key for key, value in vars(module).items() if callable(value) and not key.startswith("_")]
        kind = _kind(place).lower()
        raise InputError(f"{place}: {module.__name__} has no {kind} {name!r}; {nearest(name, known)}")
    return found


def _kind(place: str) -> str:
    return "Class" if place.startswith("model.") else "function"
