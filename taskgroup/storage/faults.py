"""A database driver's errors, said so that a user can act on them."""

from __future__ import annotations

import sqlite3

from sqlalchemy.exc import DBAPIError

from taskgroup.errors import InputError, TaskgroupError
from taskgroup.storage.contract import RecordError

_SQLITE_INPUT_FAULTS = {
    sqlite3.SQLITE_NOTADB: "is no SQLite database; choose another file",
    sqlite3.SQLITE_CORRUPT: "is damaged; put a copy back in its place or choose another file",
    sqlite3.SQLITE_CANTOPEN: "cannot be opened; check that its folder may be written to, "
    "or choose another storage",
    sqlite3.SQLITE_READONLY: "is read-only; change its permissions or choose another storage",
}
_SQLITE_USE_FAULTS = {
    sqlite3.SQLITE_FULL: "its disk is full; make room and start again, finished runs are kept",
    sqlite3.SQLITE_BUSY: "another process has kept it locked; end that process and start again",
}


def sqlite_fault(error: BaseException | None) -> int:
    """The kind of an SQLite error: its extended code's last byte; 0 for another driver's error."""
    code: int = getattr(error, "sqlite_errorcode", 0)
    return code & 0xFF


def explain_fault(error: DBAPIError, place: str) -> TaskgroupError:
    """Word a driver's error: what the user gave is wrong (`InputError`), or the store failed in use."""
    kind = sqlite_fault(error.orig)
    if kind in _SQLITE_INPUT_FAULTS:
        return InputError(f"storage '{place}' {_SQLITE_INPUT_FAULTS[kind]} ({error.orig})")
    advice = _SQLITE_USE_FAULTS.get(kind, "check it and start again, finished runs are kept")
    return RecordError(f"storage '{place}' failed: {advice} ({str(error.orig).strip()})")
