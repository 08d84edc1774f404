"""`taskgroup status`: how far a search has come."""

from __future__ import annotations

import click

from taskgroup.cli.options import (
    json_option,
    open_existing,
    print_json,
    say,
    storage_option,
    study_argument,
    study_name,
)


@click.command("status")
@study_argument
@storage_option
@json_option
def command(study: str, *, storage: str | None, as_json: bool) -> None:
    """Show how far a search has come."""
    with open_existing(storage) as record:
        stored = record.study_named(study_name(study))
        grouping = record.grouping(stored.id)
    document = {
        "study": stored.name,
        "runs_finished": stored.runs_finished,
        "runs_failed": stored.runs_failed,
        "runs_planned": stored.study().search.runs,
        "finished": grouping is not None,
        "last_activity": stored.last_activity.isoformat(timespec="seconds"),
    }
    if as_json:
        print_json(document)
        return
    state = "finished" if document["finished"] else "not finished; run the same search again to go on"
    say(
        f"{stored.name}: {stored.runs_finished} runs finished, {stored.runs_failed} failed, "
        f"at most {document['runs_planned']} planned; {state}"
    )
    say(f"last activity {stored.last_activity:%Y-%m-%d %H:%M} UTC")
