"""Where a record is: database URLs, checked before anything is opened or created."""

from __future__ import annotations

import os
from pathlib import Path

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from taskgroup.errors import InputError, NotFoundError, nearest

DRIVERS = {"sqlite": "pysqlite", "postgresql": "psycopg"}
"""The kinds of database that a record may be in, and the driver that each is reached by."""

_DRIVERS_THAT_WORK = {"sqlite": {"pysqlite"}, "postgresql": {"psycopg", "psycopg2", "pg8000"}}


def parse_location(text: str, *, must_exist: bool = False) -> URL:
    """Check a database URL and name its driver.

    Args:
        text: Such as `sqlite:///taskgroup.db`, `sqlite://` (in memory) or
            `postgresql://user:password@host/database`.
        must_exist: Refuse an SQLite file that is not there instead of letting it be created.

    Raises:
        InputError: If it is no URL, names an unknown kind of database or a folder that is not there.
        NotFoundError: If the file must exist and does not.
    """
    try:
        url = make_url(text)
    except ArgumentError:
        raise InputError(
            f"storage {text!r} is no database URL; write sqlite:///{text or 'taskgroup.db'} for a file"
        ) from None
    kind, _, driver = url.drivername.partition("+")
    if kind not in DRIVERS:
        raise InputError(f"storage {_shown(url)!r} has the unknown kind {kind!r}; {nearest(kind, DRIVERS)}")
    if driver and driver not in _DRIVERS_THAT_WORK[kind]:
        raise InputError(
            f"storage {_shown(url)!r} has the unknown driver {driver!r}; leave it out, as in {kind}://..."
        )
    if "\0" in (url.database or ""):
        raise InputError(f"storage {text!r} has a NUL character in its name; choose another name")
    file = sqlite_file(url)
    if file is not None:
        _check_file(file, _shown(url), must_exist=must_exist)
    return url if driver else url.set(drivername=f"{kind}+{DRIVERS[kind]}")


def sqlite_file(url: URL) -> Path | None:
    """The file of an SQLite database; None for one in memory, an SQLite `file:` URI, or another kind."""
    if url.get_backend_name() != "sqlite" or not url.database:
        return None
    return None if url.database.startswith((":memory:", "file:")) else Path(url.database)


def weights_folder(text: str) -> Path | None:
    """Where the weights of a record's runs are kept: beside its file, or in the working folder.

    Returns:
        A folder, which need not be there; None for a record in memory.

    Raises:
        InputError: If it is no database URL.

    >>> weights_folder("sqlite:///taskgroup.db")
    PosixPath('taskgroup.weights')
    """
    url = parse_location(text)
    file = sqlite_file(url)
    if file is not None:
        return file.with_suffix(".weights")
    return None if url.get_backend_name() == "sqlite" else Path(f"{url.database}.weights")


def shown_location(url: URL) -> str:
    """The URL as the user knows it, without password and without the driver that we added."""
    kind, _, driver = url.drivername.partition("+")
    return _shown(url.set(drivername=kind) if driver == DRIVERS[kind] else url)


def _shown(url: URL) -> str:
    return url.render_as_string(hide_password=True)


def _check_file(file: Path, place: str, *, must_exist: bool) -> None:
    if os.path.isdir(file):
        raise InputError(f"storage '{place}' is a folder; name a file in it, such as {file / 'taskgroup.db'}")
    if not os.path.isdir(file.parent):  # unlike Path.is_dir, False too where we may not look
        raise InputError(
            f"storage '{place}': folder '{file.parent}' is not there or may not be entered; "
            "create it or choose another storage"
        )
    if must_exist and not os.path.exists(file):
        raise NotFoundError(f"there is no storage '{place}'; check --storage, or search a study first")
