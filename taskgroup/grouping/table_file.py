"""Reading a table of results from a CSV or Parquet file, refusing what is none."""

from __future__ import annotations

import csv
from pathlib import Path

import pandas as pd

from taskgroup.errors import InputError

_PARQUET = {".parquet", ".pq"}


def read_table(path: str | Path) -> pd.DataFrame:
    """Read Parquet by extension and anything else as CSV with a header, its cells as text.

    Raises:
        InputError: If the file is missing, unreadable, empty or no table.
    """
    if not isinstance(path, str | Path):
        raise InputError(f"the table is {path!r:.80}; give a DataFrame or the path of a CSV or Parquet file")
    path = Path(path)
    if not path.exists():
        raise InputError(f"table '{path}' does not exist; check the path")
    if path.is_dir():
        raise InputError(f"table '{path}' is a folder; name the CSV or Parquet file in it")
    return _read_parquet(path) if path.suffix.lower() in _PARQUET else _read_csv(path)


def _read_parquet(path: Path) -> pd.DataFrame:
    try:
        return pd.read_parquet(path).reset_index(drop=True)
    except (OSError, ValueError) as error:
        raise InputError(f"table '{path}' cannot be read as Parquet: {_first_line(error)}") from None


def _read_csv(path: Path) -> pd.DataFrame:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            lines = [line for line in csv.reader(file, strict=True) if any(map(str.strip, line))]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"table '{path}' cannot be read as CSV in UTF-8: {_first_line(error)}") from None
    if not lines:
        raise InputError(
            f"table '{path}' is empty; give a header line with a column 'subset' and one row a network"
        )
    header, rows = [name.strip() for name in lines[0]], lines[1:]
    for place, row in enumerate(rows, start=1):
        if len(row) != len(header):
            raise InputError(
                f"table '{path}', row {place} has {len(row)} cells, the header has {len(header)}; "
                "separate cells by commas and quote those that hold one"
            )
    return pd.DataFrame(rows, columns=header, dtype=object)


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
