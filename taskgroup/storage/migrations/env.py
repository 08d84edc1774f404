"""What Alembic executes for every command: run the steps on the connection that `upgrade` gives."""

from __future__ import annotations

from alembic import context

from taskgroup.storage.version import VERSION_TABLE


def run() -> None:
    """Run the steps in the transaction that is open already, DDL included, on SQLite too."""
    context.configure(
        connection=context.config.attributes["connection"],
        version_table=VERSION_TABLE,
        transactional_ddl=True,
    )
    with context.begin_transaction():
        context.run_migrations()


if __name__ == "env_py":  # the name that Alembic loads it under; an import of the module does nothing
    run()
