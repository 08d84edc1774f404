"""`taskgroup group`: the best grouping of a table of results that somebody measured elsewhere."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Literal

import click

if TYPE_CHECKING:  # the package loads pandas and scipy, which `--help` must not wait for
    from taskgroup.grouping import Grouping


@click.command("group")
@click.argument("table", type=click.Path(), metavar="TABLE.csv")
@click.option(
    "--select", required=True, metavar="TEMPLATE", help="Columns to choose and assign by: 'val_loss_{task}'."
)
@click.option(
    "--report", metavar="TEMPLATE", help="Columns to report the same assignment by: 'test_loss_{task}'."
)
@click.option(
    "--direction",
    type=click.Choice(["minimize", "maximize"]),
    default="minimize",
    show_default=True,
    help="Whether small or large values are better.",
)
@click.option("--budget", type=float, metavar="C", help="The most that the networks may cost together.")
@click.option("--groups", type=int, metavar="K", help="The most networks.")
@click.option(
    "--must-link", multiple=True, metavar="A,B", help="Tasks that one network serves; may be given again."
)
@click.option(
    "--cannot-link", multiple=True, metavar="A,B", help="Tasks that never train together; may be given again."
)
@click.option("--min-size", type=int, metavar="N", help="The fewest tasks that train in a network.")
@click.option("--max-size", type=int, metavar="N", help="The most tasks that train in a network.")
@click.option("--no-overlap", is_flag=True, help="Let each task train in one network of the grouping alone.")
@click.option("--error", metavar="TEMPLATE", help="Columns of standard errors, for --risk: 'se_{task}'.")
@click.option(
    "--risk",
    type=float,
    default=0.0,
    metavar="R",
    help="Count each value as worse by R standard errors, so that sure gains are preferred.",
)
@click.option(
    "--time", "seconds", metavar="10m", help="Stop after this long with the best grouping and a bound."
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def command(
    table: str,
    select: str,
    report: str | None,
    direction: Literal["minimize", "maximize"],
    budget: float | None,
    groups: int | None,
    must_link: tuple[str, ...],
    cannot_link: tuple[str, ...],
    min_size: int | None,
    max_size: int | None,
    no_overlap: bool,
    error: str | None,
    risk: float,
    seconds: str | None,
    as_json: bool,
) -> None:
    """Choose the networks that serve every task best, from a table of results.

    TABLE.csv (or .parquet) has a column 'subset' (task names joined by +), an optional column 'cost' (1.0
    by default) and one column a task for each template, blank where the task is not in the subset.
    """
    from taskgroup.grouping import group

    grouping = group(
        table,
        select,
        report=report,
        direction=direction,
        budget=budget,
        groups=groups,
        must_link=_names(must_link),
        cannot_link=_names(cannot_link),
        min_size=min_size,
        max_size=max_size,
        overlap=not no_overlap,
        error=error,
        risk=risk,
        time_limit_seconds=_seconds(seconds),
    )
    click.echo(json.dumps(_document(grouping)) if as_json else _text(grouping))


def _names(lists: tuple[str, ...]) -> list[list[str]]:
    return [[name.strip() for name in names.split(",") if name.strip()] for names in lists]


def _seconds(duration: str | None) -> float | None:
    if duration is None:
        return None
    from taskgroup.errors import InputError
    from taskgroup.spec import parse_duration

    try:
        seconds = float(parse_duration(duration))  # type: ignore[arg-type]
    except ValueError as error:
        raise InputError(f"--time: {error}") from None
    if not seconds > 0:
        raise InputError(f"--time is {duration!r}; give a duration above 0, such as 10s")
    return seconds


def _document(grouping: Grouping) -> dict[str, Any]:
    return {
        "networks": [
            {"subset": list(network.subset), "serves": list(network.serves), "cost": network.cost}
            for network in grouping.networks
        ],
        "cost": grouping.cost,
        "select_total": grouping.select_total,
        "report_total": grouping.report_total,
        "bound": grouping.bound,
        "optimal": grouping.optimal,
    }


def _text(grouping: Grouping) -> str:
    rows = [("trains", "serves", "cost")]
    rows += [(" + ".join(n.subset), ", ".join(n.serves), f"{n.cost:g}") for n in grouping.networks]
    wide = [max(len(row[column]) for row in rows) for column in range(3)]
    lines = [f"{trains:<{wide[0]}}  {serves:<{wide[1]}}  {cost:>{wide[2]}}" for trains, serves, cost in rows]
    totals = [("cost", grouping.cost), ("select total", grouping.select_total)]
    if grouping.report_total is not None:
        totals.append(("report total", grouping.report_total))
    lines += ["", *(f"{name:<12}  {value:.6g}" for name, value in totals), _certainty(grouping)]
    return "\n".join(lines)


def _certainty(grouping: Grouping) -> str:
    if grouping.optimal or grouping.bound is None:
        return "proven optimal" if grouping.optimal else "not proven optimal"
    gap = abs(grouping.select_total - grouping.bound)
    return f"not proven optimal: no total is better than {grouping.bound:.6g}, a gap of {gap:.2g}"
