"""Opening a record: what is refused, how it is said, and that nothing is left behind."""

import os
import sqlite3
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from suites.record_writer import CONTEXT, FINGERPRINT, make_cohort, make_study

from taskgroup.errors import InputError, MissingExtraError, NotFoundError
from taskgroup.storage import SqlRecord, open_record

NOBODY = 65534


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "taskgroup.db"


def open_file(file: Path, **options: bool) -> SqlRecord:
    return open_record(f"sqlite:///{file}", **options)


def fill(file: Path, *, cohorts: int = 1) -> None:
    with open_file(file) as record:
        study_id = record.open_study(make_study(), data_fingerprint=FINGERPRINT)
        for index in range(cohorts):
            record.add_results(study_id, CONTEXT, "pairs", make_cohort(index))


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("taskgroup.db", "'taskgroup.db' is no database URL; write sqlite:///taskgroup.db"),
        ("", "is no database URL; write sqlite:///taskgroup.db"),
        ("mysql://host/studies", "unknown kind 'mysql'; Known: sqlite, postgresql"),
        ("postgres://me:secret@host/studies", "unknown kind 'postgres'; did you mean 'postgresql'"),
        ("sqlite:///nowhere/taskgroup.db", "folder 'nowhere' is not there"),
        ("sqlite:////", "is a folder"),
    ],
)
def test_a_url_that_cannot_work_is_refused(url: str, message: str) -> None:
    with pytest.raises(InputError, match=message) as caught:
        open_record(url)
    assert "secret" not in str(caught.value)


def test_a_missing_driver_names_its_install_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(
        MissingExtraError, match=r'install it with: pip install "psycopg\[binary\]"'
    ) as caught:
        open_record("postgresql://me:secret@host/studies")
    assert "secret" not in str(caught.value)


def test_a_file_that_is_no_database_is_refused_and_left_alone(file: Path) -> None:
    """A mistyped --storage must never overwrite somebody's table."""
    content = "subset,val_loss_a\n" * 500
    file.write_text(content)
    with pytest.raises(InputError, match="is no SQLite database; choose another file"):
        open_file(file)
    assert file.read_text() == content


def test_a_damaged_database_is_refused(file: Path) -> None:
    fill(file)
    with file.open("r+b") as stream:
        stream.seek(100)
        stream.write(b"\xaa" * 3000)
    with pytest.raises(InputError, match="is damaged; put a copy back in its place"):
        open_file(file)


def test_damage_that_shows_later_is_named_too(file: Path) -> None:
    fill(file, cohorts=4)
    with file.open("r+b") as stream:
        stream.seek(30 * 4096)
        stream.write(b"\xaa" * (file.stat().st_size - 30 * 4096))
    with open_file(file) as record, pytest.raises(InputError, match="is damaged"):
        record.results(CONTEXT)


def test_another_programs_tables_are_left_alone(file: Path) -> None:
    """Optuna keeps a table called studies as well."""
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("CREATE TABLE studies (study_id INTEGER)")
    before = file.read_bytes()
    with pytest.raises(InputError, match="has tables of another program: studies; choose another storage"):
        open_file(file)
    assert file.read_bytes() == before


def test_a_newer_taskgroups_database_is_refused(file: Path) -> None:
    fill(file)
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute("UPDATE taskgroup_version SET version_num = '9999'")
    with pytest.raises(InputError, match=r"written by a newer taskgroup: its schema is '9999'.*upgrade with"):
        open_file(file)


@contextmanager
def without_privileges() -> Iterator[None]:
    """Step down from root, whom no permission stops."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.fixture
def read_only_folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as name:
        yield Path(name)
        Path(name).chmod(0o755)


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="permissions work otherwise here")
def test_a_read_only_folder_is_refused(read_only_folder: Path) -> None:
    file = read_only_folder / "taskgroup.db"
    read_only_folder.chmod(0o555)
    with without_privileges(), pytest.raises(InputError, match="cannot be opened; check that its folder"):
        open_file(file)
    assert not file.exists()


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="permissions work otherwise here")
def test_a_read_only_file_can_be_read(read_only_folder: Path) -> None:
    """Evidence that was put away must stay readable."""
    file = read_only_folder / "taskgroup.db"
    fill(file)
    file.chmod(0o444)
    read_only_folder.chmod(0o777)
    with without_privileges(), open_file(file) as record:
        assert len(record.results(CONTEXT)) == len(make_cohort(0))
        with pytest.raises(InputError, match="is read-only; change its permissions"):
            record.open_study(make_study("another"), data_fingerprint=FINGERPRINT)


def test_a_missing_file_is_not_created_just_to_look(file: Path) -> None:
    with pytest.raises(NotFoundError, match="there is no storage"):
        open_file(file, must_exist=True)
    assert not file.exists()


def test_an_up_to_date_database_opens_without_alembic(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`status` would otherwise take 0.2 s longer each time."""
    fill(file)
    monkeypatch.setitem(sys.modules, "taskgroup.storage.migrations", None)
    with open_file(file) as record:
        assert len(record.studies()) == 1


def test_commits_are_flushed_to_a_write_ahead_log(file: Path) -> None:
    """FULL (2) is what survives a power cut; WAL lets readers look on while a search writes."""
    with open_file(file) as record, record._database.reading() as connection:
        pragmas = ["journal_mode", "synchronous", "foreign_keys", "busy_timeout"]
        values = [connection.exec_driver_sql(f"PRAGMA {name}").scalar_one() for name in pragmas]
    assert values == ["wal", 2, 1, 60_000]


def test_a_sqlite_uri_is_passed_on(file: Path) -> None:
    fill(file)
    with open_record(f"sqlite:///file:{file}?mode=ro&uri=true") as record:
        assert [study.name for study in record.studies()] == ["letters"]
