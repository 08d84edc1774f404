"""`taskgroup replay`: how well a strategy would have done on a table of measured groupings."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any, Literal

import click

from taskgroup.cli.options import json_option

if TYPE_CHECKING:
    from taskgroup.replays import ReplayResult

_SHOWN_ROWS = 25


@click.command("replay")
@click.argument("table", type=click.Path(), metavar="TABLE.csv")
@click.option(
    "--strategy", default="active", show_default=True, metavar="NAME", help="What chooses the rows."
)
@click.option("--runs", type=int, metavar="N", help="The most rows; all pairs' by default.")
@click.option(
    "--groups",
    type=int,
    default=3,
    show_default=True,
    metavar="K",
    help="The most networks.",
)
@click.option(
    "--seeds",
    type=int,
    default=20,
    show_default=True,
    metavar="S",
    help="How many replays.",
)
@click.option("--seed", type=int, default=0, show_default=True, help="The first replay's seed.")
@click.option(
    "--select", metavar="TEMPLATE", help="Columns that strategies see: 'val_{task}'; found by default."
)
@click.option("--report", metavar="TEMPLATE", help="Columns of the realised score: 'test_{task}'.")
@click.option(
    "--direction",
    type=click.Choice(["minimize", "maximize"]),
    help="Whether small or large values are better.",
)
@click.option(
    "--repeats",
    type=int,
    default=1,
    show_default=True,
    metavar="R",
    help="Rows of a subset revealed together, as seeds.",
)
@click.option(
    "--noise",
    type=float,
    default=0.0,
    show_default=True,
    metavar="SHARE",
    help="Noise added to each row, as a share of the task's spread.",
)
@json_option
def command(
    table: str,
    strategy: str,
    runs: int | None,
    groups: int,
    seeds: int,
    seed: int,
    select: str | None,
    report: str | None,
    direction: Literal["minimize", "maximize"] | None,
    repeats: int,
    noise: float,
    as_json: bool,
) -> None:
    """Replay a strategy on a table of measured groupings.

    TABLE.csv (or .parquet) is what `taskgroup group` reads; several rows of one subset are its seeds. Rows
    are revealed only as the strategy asks for them, single tasks and all-in-one first. After each run the
    grouping that it would recommend is scored by the report columns.
    """
    from taskgroup.replays import replay

    result = replay(
        table,
        strategy=strategy,
        runs=runs,
        groups=groups,
        seeds=seeds,
        seed=seed,
        select=select,
        report=report,
        direction=direction,
        repeats=repeats,
        noise=noise,
    )
    click.echo(json.dumps(_document(result)) if as_json else _text(result))


def _document(result: ReplayResult) -> dict[str, Any]:
    curve = result.curve.astype(object).where(result.curve.notna(), None)
    return {
        "strategy": result.strategy,
        "select": result.columns.select,
        "report": result.columns.report,
        "direction": result.columns.direction,
        "groups": result.groups,
        "seeds": result.seeds,
        "baseline": _number(result.baseline),
        "achievable": _number(result.achievable),
        "curve": curve.to_dict(orient="records"),
        "scores": {
            str(seed): [_number(float(score)) for score in own["score"]]
            for seed, own in result.scores.groupby("seed", sort=False)
        },
        "stopped": list(result.stopped),
    }


def _text(result: ReplayResult) -> str:
    columns, curve = result.columns, result.curve
    times, networks = _counted(result.seeds, "replay"), _counted(result.groups, "network")
    lines = [
        f"{result.strategy}: {times}, at most {networks}",
        f"chosen by {columns.select}, scored by {columns.report} (mean over tasks, {columns.direction}d)",
        f"better baseline {_shown(result.baseline)}, achievable {_shown(result.achievable)}",
        "",
        f"{'runs':>6}  {'score':>9}  {'95% interval':>22}  {'share of the achievable gain':>28}",
    ]
    step = max(1, math.ceil(len(curve) / _SHOWN_ROWS))
    shown = sorted({*range(0, len(curve), step), len(curve) - 1})
    for n, score, low, high, share in curve.iloc[shown][["runs", "score", "low", "high", "share"]].to_numpy():
        interval = "" if math.isnan(low) or low == high else f"{low:.5g} to {high:.5g}"
        part = "" if math.isnan(share) else f"{share:.0%}"
        lines.append(f"{n:>6.0f}  {_shown(score):>9}  {interval:>22}  {part:>28}".rstrip())
    if columns.select != columns.report:
        lines += [
            "",
            "achievable is what choosing by all rows of the select columns scores; a share may exceed 100%",
        ]
    early = [n for n in result.stopped if n < curve["runs"].iloc[-1]]
    if early:
        lines.append("")
        lines.append(
            f"{len(early)} of {_counted(result.seeds, 'replay')} ended early, after {min(early)} runs or more"
        )
    return "\n".join(lines)


def _counted(n: int, noun: str) -> str:
    return f"{n} {noun}" if n == 1 else f"{n} {noun}s"


def _shown(value: float) -> str:
    return "none" if math.isnan(value) else f"{value:.5g}"


def _number(value: float) -> float | None:
    return None if math.isnan(value) else value
