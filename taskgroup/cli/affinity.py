"""`taskgroup affinity`: who helps whom, as a table, and how far cheaper estimates agree."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from taskgroup.cli.options import (
    open_existing,
    quiet_option,
    say,
    storage_option,
    study_argument,
    study_name,
)
from taskgroup.errors import NotFoundError

if TYPE_CHECKING:
    from taskgroup.search import Estimation

ALL = "all"
_FORM_OF_SUFFIX = {".csv": "csv", ".json": "json"}


@click.command("affinity")
@study_argument
@click.option(
    "--estimator",
    metavar="NAME",
    default="pairwise",
    show_default=True,
    help="How to estimate it; `all` compares all of them.",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(["table", "csv", "json"]),
    help="table (default): percent, significant gains marked with *.",
)
@click.option("--json", "as_json", is_flag=True, help="The same as --format json.")
@click.option(
    "-o",
    "--output",
    metavar="FILE",
    help="Write to a file; .csv and .json tell the format where none is given.",
)
@storage_option
@quiet_option
def command(
    study: str,
    *,
    estimator: str,
    form: str | None,
    as_json: bool,
    output: str | None,
    storage: str | None,
    quiet: bool,
) -> None:
    """Print who helps whom: the gain that each column brings to each row, positive helps.

    Estimators other than `pairwise` are cheaper guesses; `all` shows how well each agrees with what was
    measured. Some train a few networks for all tasks, once. STUDY may be a study file that was not searched
    yet.
    """
    if as_json or form is None:
        form = "json" if as_json else _FORM_OF_SUFFIX.get(Path(output or "").suffix.lower(), "table")
    from taskgroup.cli.estimates import all_in_form, one_in_form
    from taskgroup.search import known_estimator

    if estimator != ALL:
        known_estimator(estimator)
    with _estimation(study, storage, quiet=quiet) as estimation:
        if estimator == ALL:
            text = all_in_form(estimation.all(), form)
        else:
            text = one_in_form(estimation.matrix(estimator), form)
    if output is None:
        say(text)
    else:
        from taskgroup.reporting import write_atomically

        write_atomically(Path(output), text + "\n")


@contextlib.contextmanager
def _estimation(study: str, storage: str | None, *, quiet: bool) -> Iterator[Estimation]:
    """Estimators for a study in the storage, or for a study file that is not there yet."""
    from taskgroup.loading import load_study
    from taskgroup.search import Estimation, KeptEstimates, conclude_stored

    def tell(text: str) -> None:
        if not quiet:
            click.echo(text, err=True)

    name = study_name(study)
    with contextlib.ExitStack() as stack:
        try:
            record = stack.enter_context(open_existing(storage))
            stored = record.study_named(name)
        except NotFoundError:
            if name == study:
                raise
            yield Estimation.of_study(load_study(study), tell=tell)
            return
        kept, parsed = KeptEstimates.of(record, stored), stored.study()
        if not stored.runs_finished:
            yield Estimation.of_study(parsed, kept=kept, tell=tell)
            return
        outcome = conclude_stored(record, stored)
        yield Estimation.of_outcome(outcome, kept=kept, tell=tell)
