"""What a split goes by besides chance: the group of each row, or its time."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from taskgroup.data.table import Column, Table, is_missing
from taskgroup.errors import InputError
from taskgroup.spec import SplitSpec

MIN_GROUPS = 3


def read_division(table: Table, spec: SplitSpec) -> npt.NDArray[np.float64] | None:
    """Read the column that a split goes by.

    Returns:
        ``[N]``: codes from 0 in sorted order (group), numbers or seconds (time); None for random splits.

    Raises:
        InputError: If the column is unknown, has gaps, too few groups or times, or holds no times.
    """
    if spec.column is None:
        return None
    about = f"data.split.column {spec.column!r}"
    column = table.column(spec.column, wanted_by="data.split.column")
    refuse_gaps(column, about)
    values = moments(column, about) if spec.by == "time" else group_codes(column)
    n_distinct = len(np.unique(values))
    if n_distinct < MIN_GROUPS:
        what = "times" if spec.by == "time" else "groups"
        raise InputError(
            f"{about} has {n_distinct} distinct {what}, but training, validation and test need at least "
            f"{MIN_GROUPS}; name another column, or split by: random"
        )
    return values


def group_codes(column: Column) -> npt.NDArray[np.float64]:
    """Number the groups of a column ``[N]``, from 0 in sorted order."""
    values = column.astype(str) if column.dtype.kind == "O" else column
    codes: npt.NDArray[np.int64] = np.unique(values, return_inverse=True)[1]
    return codes.astype(np.float64)


def moments(column: Column, about: str) -> npt.NDArray[np.float64]:
    """Read times as numbers, or seconds ``[N]``.

    Raises:
        InputError: If a value is neither a finite number nor a date; ``about`` opens the message.
    """
    if column.dtype.kind in "iuf":
        values = column.astype(np.float64)
        if np.isinf(values).any():
            raise InputError(f"{about} is infinite in row {int(np.argmax(np.isinf(values))) + 1}; mend it")
        return values
    import pandas as pd

    dates = column.dtype.kind == "M"
    given: Any = column if dates else pd.Series(column).astype(str)
    times = pd.to_datetime(given, errors="coerce", format=None if dates else "ISO8601", utc=True)
    missing = np.asarray(pd.isna(times))
    if column.dtype.kind == "b" or missing.any():
        row = int(np.argmax(missing))
        raise InputError(
            f"{about} holds {column[row]!r} (row {row + 1}), which is neither a number nor a date; write "
            "dates as 2024-01-31, or name another column"
        )
    seconds = np.asarray(times, dtype="datetime64[us]").astype(np.int64) / 1e6
    return seconds.astype(np.float64)


def refuse_gaps(column: Column, about: str) -> None:
    """Check that a column has a value in every row.

    Raises:
        InputError: If not; ``about`` opens the message.
    """
    gaps = np.isnat(column) if column.dtype.kind in "Mm" else is_missing(column)
    if gaps.any():
        raise InputError(f"{about} is empty in row {int(np.argmax(gaps)) + 1}; fill it in, or drop the row")
