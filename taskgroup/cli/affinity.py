"""`taskgroup affinity`: who helps whom, as a table."""

from __future__ import annotations

import click

from taskgroup.cli.options import print_json, say, storage_option, stored_outcome, study_argument


@click.command("affinity")
@study_argument
@click.option("--estimator", type=click.Choice(["pairwise"]), default="pairwise", show_default=True)
@click.option(
    "--format",
    "form",
    type=click.Choice(["table", "csv", "json"]),
    default="table",
    show_default=True,
    help="table: percent, significant gains marked with *.",
)
@storage_option
def command(study: str, *, estimator: str, form: str, storage: str | None) -> None:
    """Print who helps whom: the gain that each column brings to each row, positive helps."""
    affinity = stored_outcome(study, storage).affinity
    if form == "json":
        print_json(affinity.document())
    elif form == "csv":
        say(affinity.table().to_csv(index=False).rstrip())
    else:
        say("\n".join(_lines(affinity)))


def _lines(affinity) -> list[str]:  # type: ignore[no-untyped-def]
    tasks = list(affinity.estimate.index)
    width = max(8, *map(len, tasks))
    lines = ["Gain in % of the row's single-task error when trained with the column; * q < 0.05", ""]
    lines.append(" " * width + "".join(f"  {task:>{width}}" for task in tasks))
    for target in tasks:
        cells = [_cell(affinity, target, source) for source in tasks]
        lines.append(f"{target:<{width}}" + "".join(f"  {cell:>{width}}" for cell in cells))
    return lines


def _cell(affinity, target: str, source: str) -> str:  # type: ignore[no-untyped-def]
    gain = affinity.estimate.loc[target, source]
    if gain != gain:
        return "" if target == source else "."
    mark = "*" if affinity.q_value.loc[target, source] < 0.05 else " "
    return f"{100 * gain:+.1f}{mark}"
