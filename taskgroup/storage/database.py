"""A database with two kinds of transaction: reading, and writing one writer at a time."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, final

from sqlalchemy import URL, Connection, Engine, StaticPool, create_engine, event
from sqlalchemy.exc import DBAPIError

from taskgroup.errors import MissingExtraError
from taskgroup.storage.documents import to_json
from taskgroup.storage.faults import explain_fault, sqlite_fault
from taskgroup.storage.location import shown_location, sqlite_file

BUSY_SECONDS = 60.0
"""How long a writer waits for the others; a cohort's transaction takes some milliseconds."""

_WRITES = "taskgroup_writes"
_WRITER_LOCK = 0x7461736B67726F75
"""The PostgreSQL advisory lock that writers of a record take; any fixed number of 63 bits does."""


@final
class Database:
    """An engine whose transactions are named by what they are for.

    A writing transaction holds the database's writer lock from its first moment, so that it may read
    what is there, decide and write without another writer in between: no statement depends on a
    dialect's upsert, and none can deadlock. Readers never wait.

    SQLite runs in WAL mode with ``synchronous = FULL``: a commit is on the disk when it returns.
    ``NORMAL`` would survive SIGKILL as well, since the log is then in the system's cache, but not a
    power cut; one flush a cohort of runs, which took seconds to train, costs nothing to notice.
    """

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.place = shown_location(engine.url)
        self._writer = engine.execution_options(**{_WRITES: True})

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A transaction that only reads, from one snapshot on SQLite.

        Raises:
            InputError: If the file is damaged or no database.
            RecordError: If the database fails otherwise.
        """
        with self._explained(), self.engine.connect() as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A transaction that holds the writer lock; committed at the end, undone by any error.

        Raises:
            InputError: If the file is read-only, damaged or no database.
            RecordError: If the database fails otherwise.
        """
        with self._explained(), self._writer.begin() as connection:
            yield connection

    def log_ahead(self) -> None:
        """Put an SQLite file in WAL mode, for good; where it cannot be, it works on without."""
        if sqlite_file(self.engine.url) is None:
            return
        with self._explained():
            connection = self.engine.raw_connection()
            try:
                _set_wal(connection.cursor())
            finally:
                connection.close()

    def close(self) -> None:
        """Close every connection."""
        self.engine.dispose()

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except DBAPIError as error:
            raise explain_fault(error, self.place) from error
        except sqlite3.Error as error:
            wrapped = DBAPIError(None, None, error)
            raise explain_fault(wrapped, self.place) from error


def connect(url: URL) -> Database:
    """Set up a database; nothing is opened yet.

    Raises:
        MissingExtraError: If its driver is not installed.
    """
    options: dict[str, Any] = {"json_serializer": to_json}
    if url.get_backend_name() == "sqlite":
        options["connect_args"] = {"timeout": BUSY_SECONDS}
        if not url.database or url.database == ":memory:":
            options["poolclass"] = StaticPool
            options["connect_args"]["check_same_thread"] = False
    else:
        options["pool_pre_ping"] = True
    try:
        engine = create_engine(url, **options)
    except ModuleNotFoundError as error:
        raise MissingExtraError(
            f"storage '{shown_location(url)}' needs the driver '{error.name}'; "
            f'install it with: pip install "{error.name}[binary]"'
        ) from None
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _configure_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
    else:
        event.listen(engine, "begin", _begin_postgresql)
    return Database(engine)


def _configure_sqlite(connection: sqlite3.Connection, _record: object) -> None:
    connection.isolation_level = None  # the driver's own BEGIN would come too late for reads and DDL
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute("PRAGMA synchronous = FULL")


def _begin_sqlite(connection: Connection) -> None:
    writes = connection.get_execution_options().get(_WRITES)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _begin_postgresql(connection: Connection) -> None:
    if connection.get_execution_options().get(_WRITES):
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_WRITER_LOCK})")


def _set_wal(cursor: Any) -> None:
    """Switch to WAL; SQLite does not wait for other connections here, so that we must."""
    deadline = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            cursor.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:
            if sqlite_fault(error) != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
            time.sleep(0.01)
