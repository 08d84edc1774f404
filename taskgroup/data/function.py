"""Data from the user's own code: `python:module:function`, called without arguments."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

from taskgroup.data.table import Table, table_from_arrays, table_from_frame
from taskgroup.errors import InputError
from taskgroup.user_code import describe, find_callable, importable


def call_function(address: str) -> Table:
    """Call ``module:function`` and take what it returns, a DataFrame or a mapping of columns, as the table.

    Modules in the working directory can be imported.

    Raises:
        InputError: If the function cannot be found, raises, or returns something else.
    """
    place = f"data.source 'python:{address}'"
    function = find_callable(address, place=place)
    with importable(Path.cwd()):
        try:
            returned = function()
        except (Exception, SystemExit) as error:
            raise InputError(f"{place} raised {describe(error)}; mend the function") from error
    return as_table(f"python:{address}", returned)


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
