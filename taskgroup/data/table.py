"""A table as it was read: named columns of equal length, before anything is known about tasks.

Columns are plain arrays in one of few forms, so that the checks need not know where they came from, and
so that arrays and built-in sets load without pandas, which takes seconds to import.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from numbers import Real
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from taskgroup.errors import InputError, nearest

if TYPE_CHECKING:
    import pandas as pd

Column = npt.NDArray[np.generic]


@dataclass(frozen=True, eq=False)
class Table:
    """Named columns of equal length.

    Attributes:
        place: What messages call the table: its path or source.
        columns: ``[N]`` arrays by name, of numbers (NaN: missing), booleans, dates, or objects such as
            text (None: missing).
        label_columns: Columns that are labels by nature. They are never features by default, not even
            where no task uses them, because they would give the other labels away.
        warnings: What was found while reading.
    """

    place: str
    columns: Mapping[str, Column]
    label_columns: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()

    @property
    def n_rows(self) -> int:
        """The number of rows N."""
        return len(next(iter(self.columns.values()), ()))

    def column(self, name: str, *, wanted_by: str) -> Column:
        """Look up a column.

        Raises:
            InputError: If there is none of that name; ``wanted_by`` opens the message.
        """
        if name not in self.columns:
            known = dict.fromkeys([*self.label_columns, *self.columns])
            raise InputError(f"{wanted_by} {name!r} is no column of {self.place}; {nearest(name, known)}")
        return self.columns[name]


def table_from_arrays(
    place: str, arrays: Mapping[str, object], *, label_columns: Iterable[str] = ()
) -> Table:
    """Make a table of arrays by name.

    A 2-D array ``X`` becomes columns ``X_0``, ``X_1`` and so on, one of 3 or 4 dimensions a column of arrays.

    Raises:
        InputError: If there are no rows, lengths differ, names repeat, or an array has no rows and columns.
    """
    pairs = [pair for name, array in arrays.items() for pair in _expand(place, str(name), array)]
    _require_distinct(place, [name for name, _ in pairs])
    columns = {name: as_column(values) for name, values in pairs}
    _require_equal_lengths(place, columns)
    return Table(place, columns, tuple(label_columns))


def table_from_frame(place: str, frame: pd.DataFrame, *, warnings: Iterable[str] = ()) -> Table:
    """Make a table of a data frame; its index is left out.

    Raises:
        InputError: If it has no rows, or column names repeat.
    """
    names = [str(name) for name in frame.columns]
    _require_distinct(place, names)
    columns = {name: _series_column(frame.iloc[:, i]) for i, name in enumerate(names)}
    _require_equal_lengths(place, columns)
    return Table(place, columns, warnings=tuple(warnings))


def as_column(values: object) -> Column:
    """Bring one column to the few forms that `Table` allows."""
    array = np.asarray(values)
    if array.dtype.kind in "US":
        return array.astype(object)
    return array if array.dtype.kind != "O" else _object_column(array)


def is_missing(column: Column) -> npt.NDArray[np.bool_]:
    """Which entries ``[N]`` of a column of numbers, booleans or objects are missing."""
    if column.dtype.kind == "O":
        return np.array([value is None for value in column])
    return np.isnan(column)


def _object_column(array: npt.NDArray[np.object_]) -> Column:
    import pandas as pd

    missing: npt.NDArray[np.bool_] = np.asarray(pd.isna(array))
    present = array[~missing]
    if all(isinstance(value, bool | np.bool_) for value in present) and len(present):
        if not missing.any():
            return array.astype(bool)
    elif all(isinstance(value, Real | Decimal) for value in present):
        numbers = np.full(len(array), np.nan)
        numbers[~missing] = [_float(value) for value in present]
        return numbers
    objects = array.copy()
    objects[missing] = None
    return objects


def _float(value: Any) -> float:
    try:
        return float(value)
    except OverflowError:  # an integer beyond any float; the checks for infinite values name its row
        return math.inf if value > 0 else -math.inf


def _series_column(series: pd.Series) -> Column:
    import pandas as pd

    if isinstance(series.dtype, np.dtype):
        return as_column(series.to_numpy())
    if pd.api.types.is_numeric_dtype(series) and not pd.api.types.is_bool_dtype(series):
        return series.to_numpy(dtype=np.float64, na_value=np.nan)
    return as_column(series.astype(object).to_numpy())


def _expand(place: str, name: str, values: object) -> Iterator[tuple[str, Column]]:
    try:
        array = np.asarray(values)
    except ValueError:
        raise InputError(
            f"{place}: column {name!r} is a list of unequal lengths; give one value a row"
        ) from None
    if array.ndim == 1:
        yield name, array
    elif array.ndim == 2:
        yield from ((f"{name}_{i}", array[:, i]) for i in range(array.shape[1]))
    elif array.ndim in (3, 4):  # images, an array a row
        images = np.empty(len(array), dtype=object)
        images[:] = list(array)
        yield name, images
    else:
        raise InputError(
            f"{place}: array {name!r} has the shape {array.shape}; give one value a row ([N]), one row of "
            "values a row ([N, D]), or one image a row ([N, H, W] or [N, H, W, C])"
        )


def _require_distinct(place: str, names: list[str]) -> None:
    twice = sorted({name for name in names if names.count(name) > 1}) if len(set(names)) < len(names) else []
    if twice:
        listed = ", ".join(map(repr, twice[:5]))
        raise InputError(f"{place}: more than one column is named {listed}; rename all but one")


def _require_equal_lengths(place: str, columns: Mapping[str, Column]) -> None:
    lengths = {name: len(values) for name, values in columns.items()}
    if not any(lengths.values()):
        raise InputError(f"{place} has no rows; check that it is the right table")
    first, *others = lengths
    unequal = next((name for name in others if lengths[name] != lengths[first]), None)
    if unequal is not None:
        raise InputError(
            f"{place}: column {first!r} has {lengths[first]:,} rows, but {unequal!r} has "
            f"{lengths[unequal]:,}; give every column one value a row"
        )
