"""Data from the user's own code: `python:module:function`, called without arguments."""

from __future__ import annotations

import importlib
import sys
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType

from taskgroup.data.table import Table, table_from_arrays, table_from_frame
from taskgroup.errors import InputError, nearest


def call_function(address: str) -> Table:
    """Call ``module:function`` and take what it returns, a DataFrame or a mapping of columns, as the table.

    Modules in the working directory can be imported.

    Raises:
        InputError: If the function cannot be found, raises, or returns something else.
    """
    place = f"data.source 'python:{address}'"
    with importable(Path.cwd()):
        function = find_function(address, place=place)
        try:
            returned = function()
        except (Exception, SystemExit) as error:
            raise InputError(f"{place} raised {_describe(error)}; mend the function") from error
    return as_table(f"python:{address}", returned)


def find_function(address: str, *, place: str) -> Callable[..., object]:
    """Import ``module:function``.

    Args:
        address: The module's dotted name and the function's.
        place: Where the address stands, for messages.

    Raises:
        InputError: If it cannot be imported.
    """
    module_name, _, function_name = address.partition(":")
    if not module_name or not function_name:
        raise InputError(f"{place} is incomplete; write python:module:function")
    return _function(_import(module_name, place=place), function_name, place=place)


def as_table(place: str, returned: object) -> Table:
    """Take a DataFrame, or a mapping of columns, as a table.

    Raises:
        InputError: If it is neither, or no valid table.
    """
    pandas = sys.modules.get("pandas")  # nobody has a DataFrame who has not imported pandas
    if pandas is not None and isinstance(returned, pandas.DataFrame):
        return table_from_frame(place, returned)
    if isinstance(returned, Mapping):
        return table_from_arrays(place, returned)
    raise InputError(
        f"{place} is a {type(returned).__name__}, not a table; give a pandas DataFrame or a dict of columns"
    )


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


def _import(name: str, *, place: str) -> ModuleType:
    importlib.invalidate_caches()
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name is None or not f"{name}.".startswith(f"{error.name}."):
            raise InputError(f"{place} cannot be imported: {_describe(error)}; install it") from error
        raise InputError(
            f"{place}: there is no module {error.name!r}; run from the folder that holds {error.name}.py, "
            "or install it"
        ) from None
    except (Exception, SystemExit) as error:
        raise InputError(f"{place} cannot be imported: {_describe(error)}; mend the module") from error


def _function(module: ModuleType, name: str, *, place: str) -> Callable[..., object]:
    function: Callable[..., object] | None = getattr(module, name, None)
    if not callable(function):
        known = [key for key, value in vars(module).items() if callable(value) and not key.startswith("_")]
        raise InputError(f"{place}: {module.__name__} has no function {name!r}; {nearest(name, known)}")
    return function


def _describe(error: BaseException) -> str:
    frames = traceback.extract_tb(error.__traceback__)
    where = f" ({Path(frames[-1].filename).name}, line {frames[-1].lineno})" if frames else ""
    return f"{type(error).__name__}: {error}{where}"
