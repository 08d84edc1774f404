"""Which schema a database has, and bringing it to ours.

Opening a database that is up to date reads one row and never imports Alembic.
"""

from __future__ import annotations

from sqlalchemy import Connection, column, inspect, select, table

from taskgroup.errors import InputError, NotFoundError
from taskgroup.storage.database import Database
from taskgroup.storage.schema import Base

REVISIONS = ("0001", "0002", "0003")
"""Every schema revision there has been, oldest first; `migrations/versions` has a file for each."""

HEAD = REVISIONS[-1]
VERSION_TABLE = "taskgroup_version"
"""Not Alembic's usual name, which other tools that keep tables in the same database use too."""

_version = table(VERSION_TABLE, column("version_num"))


def bring_up_to_date(database: Database, *, must_exist: bool = False) -> None:
    """Create or migrate the tables where needed; several processes may do so at once.

    The version is read again under the writer lock, so that the first one migrates and the others
    find it done. All steps are one transaction: a crash leaves the database as it was.

    Raises:
        InputError: If a newer taskgroup has written the database, or another program's tables are in
            the way.
        NotFoundError: If the tables must exist and do not.
    """
    with database.reading() as connection:
        version = _stored_version(connection, database.place)
    if version == HEAD:
        return
    if version is None and must_exist:
        raise NotFoundError(
            f"storage '{database.place}' holds no studies yet; check --storage, or search a study first"
        )
    database.log_ahead()
    with database.writing() as connection:
        if _stored_version(connection, database.place) != HEAD:
            from taskgroup.storage.migrations import upgrade  # 0.2 s of Alembic that most openings save

            upgrade(connection, HEAD)


def _stored_version(connection: Connection, place: str) -> str | None:
    """Read the schema's revision; None for a database that has none of our tables."""
    tables = set(inspect(connection).get_table_names())
    if VERSION_TABLE not in tables:
        _refuse_foreign_tables(tables, place)
        return None
    version = connection.execute(select(_version.c.version_num)).scalar_one_or_none()
    if version is not None and version not in REVISIONS:
        raise InputError(
            f"storage '{place}' was written by a newer taskgroup: its schema is {version!r}, this version "
            f"knows them up to {HEAD!r}; upgrade with: pip install -U taskgroup, or choose another storage"
        )
    return version


def _refuse_foreign_tables(tables: set[str], place: str) -> None:
    taken = sorted(tables & set(Base.metadata.tables))
    if taken:
        raise InputError(
            f"storage '{place}' has tables of another program: {', '.join(taken)}; choose another storage"
        )
