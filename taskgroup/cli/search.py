"""`taskgroup search`: the main job."""

from __future__ import annotations

import os
import shlex

import click

from taskgroup.cli.options import (
    INTERRUPTED,
    SOME_RUNS_FAILED,
    json_option,
    print_json,
    quiet_option,
    records,
    say,
    shown_url,
    storage_option,
    storage_url,
)


@click.command("search")
@click.argument("study_file", metavar="STUDY.yaml")
@click.option("--runs", type=int, metavar="N", help="At most N network trainings.")
@click.option("--time", "limit", metavar="10m", help="At most this long.")
@click.option("--seeds", type=int, metavar="S", help="Paired repetitions of each subset.")
@click.option("--groups", type=int, metavar="K", help="At most K networks in the recommendation.")
@click.option("--budget", type=float, metavar="C", help="Serving budget in network equivalents.")
@click.option(
    "--baseline",
    type=click.Choice(["full", "matched"]),
    help="Compare with full-size single-task networks, or with narrower ones of the same total cost besides.",
)
@click.option(
    "--strategy", metavar="NAME", help="How subsets are chosen: active, hoa, pairs, random, exhaustive."
)
@click.option("--workers", type=int, default=1, show_default=True, help="Processes to train in.")
@click.option("--device", type=click.Choice(["auto", "cpu", "cuda"]), default="cpu", show_default=True)
@click.option("--name", metavar="NAME", help="Search under another name, beside the stored study.")
@click.option("--seed", type=int, metavar="N", help="Decides everything random.")
@storage_option
@json_option
@quiet_option
def command(
    study_file: str,
    *,
    workers: int,
    device: str,
    storage: str | None,
    as_json: bool,
    quiet: bool,
    **overrides: object,
) -> int:
    """Find out which tasks should train together.

    Trains many short runs, measures transfer between tasks, and confirms the best grouping with fresh seeds.
    Running the same command again continues where it stopped.
    """
    study = _overridden(study_file, overrides)
    from taskgroup.api import search
    from taskgroup.progress import shown

    url = storage_url(storage)
    try:
        result = search(study, storage=url, workers=workers, device=device, progress=shown(quiet=quiet))
    except KeyboardInterrupt:
        click.echo("interrupted; every finished run is kept. Run the same command again to go on.", err=True)
        return INTERRUPTED
    runs = result.runs.drop_duplicates("run_id")
    n_failed = int((runs["status"] != "ok").sum())
    if as_json:
        print_json(
            {
                "study": study.name,
                "runs_finished": len(runs) - n_failed,
                "runs_failed": n_failed,
                "recommendation": result.recommendation.document(),
                "negative_transfer": records(result.negative_transfer),
                "matched_transfer": records(result.matched_transfer),
                "affinity": result.affinity.document(),
                "linear": result.linear.document(),
                "notes": list(result.outcome.notes),
            }
        )
    else:
        from taskgroup.cli.words import recommendation_lines

        say("\n".join(recommendation_lines(result.outcome)))
        say(f"\n{len(runs)} runs are kept in {shown_url(url)}")
        named = storage and storage != os.environ.get("TASKGROUP_STORAGE")
        where = f"{study.name} --storage {shlex.quote(shown_url(url))}" if named else study.name
        say(f"Look at them:  taskgroup report {where}   then open the page it names")
        say(f"Take them:     taskgroup export {where} -o groups.json")
    return SOME_RUNS_FAILED if n_failed else 0


def _overridden(study_file: str, overrides: dict[str, object]):  # type: ignore[no-untyped-def]
    """The study with the command line's settings in place of the file's."""
    from taskgroup.errors import InputError
    from taskgroup.loading import load_study
    from taskgroup.spec import parse_study

    study = load_study(study_file)
    document = study.document()
    keys = (
        ("runs", "runs"),
        ("limit", "time"),
        ("seeds", "seeds"),
        ("baseline", "baseline"),
        ("strategy", "strategy"),
    )
    for option, key in keys:
        if overrides[option] is not None:
            document["search"][key] = overrides[option]
    if overrides["groups"] is not None and overrides["budget"] is not None:
        raise InputError("give --groups or --budget, not both")
    if overrides["groups"] is not None or overrides["budget"] is not None:  # rules of the file stay
        document["grouping"] |= {"max_groups": overrides["groups"], "budget": overrides["budget"]}
    for key in ("name", "seed"):
        if overrides[key] is not None:
            document[key] = overrides[key]
    return parse_study(document, place=study_file)
