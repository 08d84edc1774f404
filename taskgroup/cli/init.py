"""`taskgroup init`: a study file drafted from a table."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from taskgroup.cli.options import json_option, print_json, say
from taskgroup.errors import InputError

if TYPE_CHECKING:
    from taskgroup.drafting import Draft


@click.command("init")
@click.argument("table", metavar="TABLE")
@click.option("-o", "--output", metavar="STUDY.yaml", help="File to write; the table's name by default.")
@click.option(
    "--target", "targets", multiple=True, metavar="NAME", help="A target column; give it several times."
)
@json_option
def command(table: str, *, output: str | None, targets: tuple[str, ...], as_json: bool) -> None:
    """Draft a study file from a table (CSV, TSV, Parquet).

    Finds out what the columns are: targets by their names (y_*, target*, label*) and their kinds, features,
    identifiers and dates, which are left out. The draft can be searched as it stands; its comments say what
    deserves a look. Never overwrites a file.
    """
    from taskgroup.drafting import draft_study

    path = Path(output or Path(table).name.partition(".")[0] + ".yaml")
    _refuse_written(path)
    draft = draft_study(table, path, targets=targets)
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(draft.text)
    except FileExistsError:
        _refuse_written(path)
    except OSError as error:
        raise InputError(f"'{path}' cannot be written ({error.strerror}); check the path") from None
    if as_json:
        print_json(_document(draft, path))
        return
    _tell(draft, path)


def _refuse_written(path: Path) -> None:
    if path.exists():
        raise InputError(f"'{path}' exists; remove it, or name another file by -o")


def _document(draft: Draft, path: Path) -> dict[str, Any]:
    return {
        "study_file": str(path),
        "study": draft.study.name,
        "rows": draft.dataset.n_rows,
        "features": draft.dataset.features.shape[1],
        "tasks": [
            {
                "name": t.name,
                "target": t.target,
                "kind": t.kind,
                "metric": draft.study.task(t.name).score.name,
            }
            for t in draft.tasks
        ],
        "excluded": {c.name: c.why for c in draft.columns if c.use != "feature"},
        "groups": [c.name for c in draft.columns if c.use == "group"],
        "warnings": list(draft.dataset.warnings),
    }


def _tell(draft: Draft, path: Path) -> None:
    say(f"Wrote {path}: {len(draft.tasks)} tasks, {draft.dataset.features.shape[1]} features.")
    width = max(len(task.name) for task in draft.tasks)
    for task in draft.tasks:
        say(f"  {task.name:<{width}}  {task.kind}")
    for column in draft.columns:
        if column.use != "feature":
            say(f"  left out: {column.name} ({column.why})")
    for warning in draft.dataset.warnings:
        say(f"warning: {warning}")
    say(f"Look through it, then:  taskgroup check {path}")
