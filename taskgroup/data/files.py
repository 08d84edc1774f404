"""Tables in files: CSV and TSV (also gzipped), Parquet, and NumPy's NPZ."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np

from taskgroup.data.table import Table, table_from_arrays, table_from_frame
from taskgroup.errors import InputError, nearest


def read_file(path: Path) -> Table:
    """Read a table in the format that its ending names.

    Raises:
        InputError: If the file is missing, has an unknown ending, cannot be read, or holds no table.
    """
    if not os.path.isfile(path):  # unlike Path.is_file, False too for a name that is too long
        raise InputError(_missing(path))
    read = next((reader for ending, reader in READERS.items() if path.name.lower().endswith(ending)), None)
    if read is None:
        raise InputError(
            f"data file '{path}' has the unknown ending {path.suffix!r}; save it as {', '.join(READERS)}"
        )
    try:
        return read(path)
    except InputError:
        raise
    except Exception as error:
        # The parsers raise what they like: OSError, zlib.error, EOFError, their own classes.
        reason = str(error).strip().partition("\n")[0] or type(error).__name__
        raise InputError(
            f"data file '{path}' cannot be read ({reason}); check that it is what its ending says"
        ) from error


def _missing(path: Path) -> str:
    if os.path.isdir(path):
        return f"data file '{path}' is a folder; name one file in it"
    if os.path.exists(path):
        return f"data file '{path}' is no ordinary file; copy its content into one"
    message = f"data file '{path}' does not exist"
    if ":" in path.name:
        return f"{message}; a source is a path, sklearn:NAME or python:module:function"
    folder = path.parent
    if not folder.is_dir():
        return f"{message}, nor does its folder; check the path"
    beside = sorted(p.name for p in folder.iterdir() if p.name.lower().endswith(tuple(READERS)))
    return f"{message}; {nearest(path.name, beside)}" if beside else f"{message}; check the path"


def _read_csv(path: Path) -> Table:
    return _read_delimited(path, separator=",")


def _read_tsv(path: Path) -> Table:
    return _read_delimited(path, separator="\t")


def _read_delimited(path: Path, *, separator: str) -> Table:
    import pandas as pd

    names = _header(path, separator=separator)
    _refuse_other_separator(path, names, separator)
    with warnings.catch_warnings():
        # Rows longer than the header would be cut with no more than a warning.
        warnings.simplefilter("error", pd.errors.ParserWarning)
        frame = pd.read_csv(
            path, sep=separator, header=0, index_col=False, low_memory=False, encoding="utf-8-sig"
        )
    frame.columns = pd.Index(names, dtype=object)
    named = [bool(name) for name in names]
    notes = [
        f"column {i} of '{path.name}' has no name and was left out"
        for i, name in enumerate(names, 1)
        if not name
    ]
    return table_from_frame(str(path), frame.loc[:, named], warnings=notes)


def _refuse_other_separator(path: Path, names: list[str], separator: str) -> None:
    if len(names) != 1:
        return
    found = next((other for other in (";", "\t", ",", "|") if other != separator and other in names[0]), None)
    if found is not None:
        raise InputError(
            f"data file '{path}' separates its columns by {found!r}, but its ending means {separator!r}; "
            f"save it with {separator!r} between columns and a decimal point in numbers"
        )


def _header(path: Path, *, separator: str) -> list[str]:
    """Read the column names as they stand; pandas would rename repeated ones silently."""
    import pandas as pd

    first = pd.read_csv(
        path, sep=separator, header=None, nrows=1, dtype=str, keep_default_na=False, encoding="utf-8-sig"
    )
    return [str(name).strip() for name in first.iloc[0]]


def _read_parquet(path: Path) -> Table:
    import pandas as pd

    return table_from_frame(str(path), pd.read_parquet(path))


def _read_npz(path: Path) -> Table:
    with np.load(path, allow_pickle=False) as archive:
        return table_from_arrays(str(path), {name: archive[name] for name in archive.files})


READERS: dict[str, Callable[[Path], Table]] = {
    ".csv": _read_csv,
    ".csv.gz": _read_csv,
    ".tsv": _read_tsv,
    ".tsv.gz": _read_tsv,
    ".parquet": _read_parquet,
    ".npz": _read_npz,
}
