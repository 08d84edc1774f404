"""The steps from an empty database to the schema of `taskgroup.storage.schema`, run by Alembic.

To change the schema: change `schema.py`, add `versions/NNNN_what_changes.py` after the last one (use
``op.batch_alter_table``, since SQLite alters little in place), and add its revision to
`taskgroup.storage.version.REVISIONS`. A test compares what the steps build with `schema.py`. Steps that
have been released never change, and never import `schema.py`, which does.
"""

from __future__ import annotations

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection


def upgrade(connection: Connection, revision: str) -> None:
    """Run the steps up to a revision, inside the connection's transaction."""
    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", __name__.replace(".migrations", ":migrations"))
    command.upgrade(config, revision)
