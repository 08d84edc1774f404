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
    storage_url,
    study_argument,
    study_name,
)
from taskgroup.errors import InputError, NotFoundError

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
    "--by-depth",
    is_flag=True,
    help="Measure all pairs at every sharing depth, and recommend where to branch; trains what is missing.",
)
@click.option("--runs", type=click.IntRange(min=1), metavar="N", help="With --by-depth: at most N trainings.")
@click.option("--workers", type=int, default=1, show_default=True, help="With --by-depth: processes.")
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
    by_depth: bool,
    runs: int | None,
    workers: int,
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
    if by_depth:
        _refuse_estimator(estimator)
        text = _by_depth_text(study, form, storage=storage, runs=runs, workers=workers, quiet=quiet)
    elif runs is not None:
        raise InputError("--runs goes with --by-depth; other estimates need few trainings or none")
    else:
        text = _estimated_text(study, estimator, form, storage=storage, quiet=quiet)
    if output is None:
        say(text)
    else:
        from taskgroup.reporting import write_atomically

        write_atomically(Path(output), text + "\n")


def _estimated_text(study: str, estimator: str, form: str, *, storage: str | None, quiet: bool) -> str:
    from taskgroup.cli.estimates import all_in_form, one_in_form
    from taskgroup.search import known_estimator

    if estimator != ALL:
        known_estimator(estimator)
    with _estimation(study, storage, quiet=quiet) as estimation:
        if estimator == ALL:
            return all_in_form(estimation.all(), form)
        return one_in_form(estimation.matrix(estimator), form)


def _by_depth_text(
    study: str, form: str, *, storage: str | None, runs: int | None, workers: int, quiet: bool
) -> str:
    from taskgroup.api import affinity_by_depth
    from taskgroup.cli.estimates import depths_in_form
    from taskgroup.loading import load_study
    from taskgroup.progress import shown

    name = study_name(study)
    if name == study:
        with open_existing(storage) as record:
            parsed = record.study_named(name).study()
    else:
        parsed = load_study(study)
    found = affinity_by_depth(
        parsed, storage=storage_url(storage), runs=runs, workers=workers, progress=shown(quiet=quiet)
    )
    return depths_in_form(found, form)


def _refuse_estimator(estimator: str) -> None:
    if estimator != "pairwise":
        raise InputError(f"--by-depth measures pairs and --estimator {estimator} does not; drop one of them")


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
