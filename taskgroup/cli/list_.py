"""`taskgroup list`: the studies in a storage."""

from __future__ import annotations

import click

from taskgroup.cli.options import json_option, open_existing, print_json, say, storage_option


@click.command("list")
@storage_option
@json_option
def command(*, storage: str | None, as_json: bool) -> None:
    """List the studies in a storage."""
    with open_existing(storage) as record:
        studies = record.studies()
    if as_json:
        print_json(
            [
                {
                    "study": s.name,
                    "runs_finished": s.runs_finished,
                    "runs_failed": s.runs_failed,
                    "last_activity": s.last_activity.isoformat(timespec="seconds"),
                }
                for s in studies
            ]
        )
        return
    width = max([len("study"), *(len(s.name) for s in studies)])
    say(f"{'study':<{width}}  finished  failed  last activity (UTC)")
    for s in studies:
        say(f"{s.name:<{width}}  {s.runs_finished:>8}  {s.runs_failed:>6}  {s.last_activity:%Y-%m-%d %H:%M}")
