"""The report folder: the page, the affinity as CSV and picture, and the grouping as JSON."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from taskgroup.reporting.atomic import write_atomically
from taskgroup.reporting.export import write_export
from taskgroup.reporting.gain_unit import gain_unit
from taskgroup.reporting.heatmap_file import write_heatmap
from taskgroup.reporting.page import render_page
from taskgroup.search import Outcome


@dataclass(frozen=True)
class ReportPaths:
    """The files of a report.

    Attributes:
        html: The page; it needs none of the others.
        affinity_csv: One row a measured pair.
        heatmap_png: The affinity as a picture.
        groups_json: The recommended grouping.
    """

    html: Path
    affinity_csv: Path
    heatmap_png: Path
    groups_json: Path


def write_report(outcome: Outcome, folder: str | Path) -> ReportPaths:
    """Write the report of a search into a folder, which is made where it is missing.

    Args:
        outcome: What the search found.
        folder: Files of an earlier report in it are replaced.

    Raises:
        InputError: If the folder cannot be written to.
    """
    folder = Path(folder)
    affinity, grouping = outcome.affinity, outcome.recommendation
    return ReportPaths(
        html=write_atomically(folder / "index.html", render_page(outcome)),
        affinity_csv=write_atomically(folder / "affinity.csv", affinity.table().to_csv(index=False)),
        heatmap_png=write_heatmap(
            affinity, folder / "affinity.png", grouping=grouping, unit=gain_unit(outcome.study)
        ),
        groups_json=write_export(grouping, folder / "groups.json"),
    )
