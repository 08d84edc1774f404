"""The SQL record passes the suite in every kind of database."""

import os
import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from suites.record_suite import DurableRecordSuite, RecordSuite

from taskgroup.storage import Record, open_record

POSTGRES = os.environ.get("TASKGROUP_TEST_POSTGRES", "")


class TestSqliteFile(DurableRecordSuite):
    @pytest.fixture
    def url(self, tmp_path: Path) -> str:
        return f"sqlite:///{tmp_path / 'taskgroup.db'}"


class TestSqliteMemory(RecordSuite):
    @pytest.fixture
    def record(self) -> Iterator[Record]:
        with open_record("sqlite://") as record:
            yield record


if POSTGRES:

    class TestPostgres(DurableRecordSuite):
        @pytest.fixture
        def url(self) -> Iterator[str]:
            """A schema of its own for each test, dropped afterwards."""
            schema = f"taskgroup_test_{secrets.token_hex(4)}"
            engine = sa.create_engine(sa.make_url(POSTGRES).set(drivername="postgresql+psycopg"))
            with engine.begin() as connection:
                connection.execute(sa.schema.CreateSchema(schema))
            url = engine.url.update_query_dict({"options": f"-csearch_path={schema}"})
            yield url.render_as_string(hide_password=False)
            with engine.begin() as connection:
                connection.execute(sa.schema.DropSchema(schema, cascade=True))
            engine.dispose()

else:

    def test_postgres() -> None:
        pytest.skip("TASKGROUP_TEST_POSTGRES gives no URL of a PostgreSQL database")
