"""`taskgroup report`: what was found, as a page."""

from __future__ import annotations

from pathlib import Path

import click

from taskgroup.cli.options import (
    json_option,
    open_existing,
    print_json,
    say,
    storage_option,
    stored_outcome,
    study_argument,
)


@click.command("report")
@study_argument
@click.option("-o", "--output", metavar="DIR", help="Folder to write to; reports/NAME by default.")
@storage_option
@json_option
def command(study: str, *, output: str | None, storage: str | None, as_json: bool) -> None:
    """Write the HTML report, the affinity as CSV and PNG, and the groups as JSON."""
    outcome = stored_outcome(study, storage)
    from taskgroup.reporting import write_report
    from taskgroup.search import REPORT_SECONDS, Estimation, KeptEstimates

    with open_existing(storage) as record:
        kept = KeptEstimates.of(record, record.study_named(outcome.study.name))
        estimates = Estimation.of_outcome(outcome, kept=kept).all(at_most_seconds=REPORT_SECONDS)
    paths = write_report(outcome, Path(output or f"reports/{outcome.study.name}"), estimates=estimates)
    named = {
        "report": paths.html,
        "affinity": paths.affinity_csv,
        "heatmap": paths.heatmap_png,
        "groups": paths.groups_json,
        **({"matched": paths.matched_csv} if paths.matched_csv else {}),
    }
    if as_json:
        print_json({name: str(path) for name, path in named.items()})
        return
    for name, path in named.items():
        say(f"{name + ':':<10} {path}")
