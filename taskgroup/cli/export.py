"""`taskgroup export`: the recommended groups as a file, or all runs as an Optuna study."""

from __future__ import annotations

from pathlib import Path

import click

from taskgroup.cli.options import say, storage_option, stored_outcome, study_argument
from taskgroup.errors import InputError


@click.command("export")
@study_argument
@click.option(
    "--format",
    "form",
    type=click.Choice(["json", "yaml", "csv", "optuna"]),
    help="By the file's suffix, or json.",
)
@click.option("-o", "--output", metavar="FILE", help="File to write; stdout by default.")
@click.option("--to", "target", metavar="URL", help="Optuna storage to write to (--format optuna).")
@storage_option
def command(
    study: str, *, form: str | None, output: str | None, target: str | None, storage: str | None
) -> None:
    """Write the recommended groups to a file.

    With --format optuna, writes every run as a trial that optuna-dashboard shows.
    """
    if (form == "optuna") != (target is not None):
        raise InputError("--format optuna and --to URL go together, as in --to sqlite:///optuna.db")
    outcome = stored_outcome(study, storage)
    if target is not None:
        from sqlalchemy.exc import SQLAlchemyError

        from taskgroup.search import export_runs

        try:
            n_trials = export_runs(outcome.runs, url=target, name=outcome.study.name)
        except SQLAlchemyError as error:
            reason = str(error).partition("\n")[0]
            raise InputError(
                f"--to {target!r} cannot be opened as a database ({reason}); "
                "write a URL, as in --to sqlite:///optuna.db"
            ) from None
        say(f"{n_trials} trials of study '{outcome.study.name}' are in {target}")
        return
    from taskgroup.reporting import export_grouping, write_export

    if output is None:
        say(export_grouping(outcome.recommendation, form or "json").rstrip())  # type: ignore[arg-type]
        return
    write_export(outcome.recommendation, Path(output), form)  # type: ignore[arg-type]
    say(f"groups: {output}")
