"""What the commands have in common: the storage, the study argument, output and exit codes."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from taskgroup.errors import InputError, NotFoundError

if TYPE_CHECKING:
    from taskgroup.search import Outcome
    from taskgroup.storage import SqlRecord

DONE, FAILED, BAD_INPUT, SOME_RUNS_FAILED, INTERRUPTED = 0, 1, 2, 3, 130
DATABASE = "taskgroup.db"

Command = TypeVar("Command", bound=Callable[..., Any])

study_argument = click.argument("study", metavar="STUDY")

json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON document on stdout.")

quiet_option = click.option("--quiet", is_flag=True, help="No progress on stderr.")

storage_option = click.option(
    "--storage",
    envvar="TASKGROUP_STORAGE",
    metavar="URL",
    help=f"Database URL; sqlite:///{DATABASE} by default (or TASKGROUP_STORAGE).",
)


def storage_url(storage: str | None) -> str:
    """The database to use: the one given, else `taskgroup.db` in the working folder."""
    return storage or f"sqlite:///{os.path.join(os.getcwd(), DATABASE)}"


def shown_url(url: str) -> str:
    """A database URL for printing, its password hidden."""
    from sqlalchemy import make_url

    return make_url(url).render_as_string(hide_password=True)


def open_existing(storage: str | None) -> SqlRecord:
    """Open a database that must be there already."""
    from taskgroup.storage import open_record

    return open_record(storage_url(storage), must_exist=True)


def study_name(study: str) -> str:
    """The name of a study given as a file or as a name in the storage."""
    if study.endswith((".yaml", ".yml")) or Path(study).is_file():
        from taskgroup.loading import load_study

        return load_study(study).name
    return study


def stored_outcome(study: str, storage: str | None) -> Outcome:
    """Everything that was found for a study, from the storage.

    Raises:
        NotFoundError: If the storage has no such study or no finished run of it.
    """
    from taskgroup.search import conclude_stored

    with open_existing(storage) as record:
        stored = record.study_named(study_name(study))
        if not stored.runs_finished:
            raise NotFoundError(
                f"study '{stored.name}' has no finished run yet; start one with `taskgroup search`"
            )
        return conclude_stored(record, stored)


def print_json(document: Any) -> None:
    """Print one JSON document; numbers that JSON cannot say become null."""
    click.echo(json.dumps(_plain(document), ensure_ascii=False, allow_nan=False))


def records(frame: Any) -> list[dict[str, Any]]:
    """The rows of a data frame as JSON values, subsets as lists of names."""
    rows: list[dict[str, Any]] = frame.to_dict(orient="records")
    for row in rows:
        if isinstance(row.get("subset"), str):
            row["subset"] = row["subset"].split("+")
    return rows


def say(text: str) -> None:
    """Print a line of plain output."""
    click.echo(text)


def refuse_existing(path: Path, *, force: bool) -> None:
    """Guard a file that a command would overwrite."""
    if path.exists() and not force:
        raise InputError(f"'{path}' exists; choose another path or add --force")


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(k): _plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(v) for v in value]
    if hasattr(value, "item"):
        value = value.item()
    if isinstance(value, float) and (value != value or value in (float("inf"), float("-inf"))):
        return None
    return value
