"""The steps of `migrations` build the schema that the code reads and writes."""

import re
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from taskgroup.storage import migrations, open_record
from taskgroup.storage.schema import Base
from taskgroup.storage.version import HEAD, REVISIONS, VERSION_TABLE


def definitions(connection: sa.Connection) -> dict[str, str]:
    """Each table's and index's SQL as SQLite keeps it, columns and constraints in a fixed order."""
    query = sa.text("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL AND name <> :version")
    rows = connection.execute(query, {"version": VERSION_TABLE})
    return {
        name: sorted(filter(None, (part.strip(" \t()") for part in re.split("[,\n]", sql))))
        for name, sql in rows
    }


def test_every_step_is_known_to_the_version_check() -> None:
    """A step that the check does not know would be taken for a newer taskgroup's."""
    config = Config()
    config.set_main_option("script_location", "taskgroup.storage:migrations")
    scripts = ScriptDirectory.from_config(config)
    assert [script.revision for script in scripts.walk_revisions()][::-1] == list(REVISIONS)
    assert scripts.get_current_head() == HEAD


def test_migrating_an_empty_database_gives_the_schema_in_the_code() -> None:
    created = sa.create_engine("sqlite://")
    with (
        open_record("sqlite://") as record,
        record._database.reading() as migrated,
        created.connect() as connection,
    ):
        context = MigrationContext.configure(migrated, opts={"version_table": VERSION_TABLE})
        assert compare_metadata(context, Base.metadata) == []
        Base.metadata.create_all(connection)
        assert definitions(migrated) == definitions(connection)
    created.dispose()


def test_a_migration_that_breaks_off_leaves_an_empty_database(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Half a schema could neither be opened nor be migrated again."""
    url, upgrade = f"sqlite:///{tmp_path / 'taskgroup.db'}", migrations.upgrade

    def upgrade_and_break_off(connection: sa.Connection, revision: str) -> None:
        upgrade(connection, revision)
        raise KeyboardInterrupt

    monkeypatch.setattr(migrations, "upgrade", upgrade_and_break_off)
    with pytest.raises(KeyboardInterrupt):
        open_record(url)
    monkeypatch.undo()
    engine = sa.create_engine(url)
    assert sa.inspect(engine).get_table_names() == []
    engine.dispose()
    with open_record(url) as record:
        assert record.studies() == []


def test_runs_recorded_before_capacities_are_of_full_size(tmp_path: Path) -> None:
    """Users' records must go on: their runs keep their keys and count as full-size networks."""
    url = f"sqlite:///{tmp_path / 'taskgroup.db'}"
    engine = sa.create_engine(url)
    with engine.begin() as connection:
        migrations.upgrade(connection, "0001")
        connection.execute(
            sa.text(
                "INSERT INTO runs VALUES (1, 'key', 'context', 'a', 'hard', 1, 'equal', 0.1, 0.1, 0, 1.0, "
                "'ok', NULL, 1.0, 1, '2026-01-01 00:00:00')"
            )
        )
    engine.dispose()
    with open_record(url) as record:
        (result,) = record.results("context").values()
        assert result.spec.capacity == 1.0
