"""The report folder: the page, the affinity as CSV and picture, the grouping as JSON, other gains as CSV."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from taskgroup.reporting.atomic import write_atomically
from taskgroup.reporting.export import write_export
from taskgroup.reporting.gain_unit import gain_unit
from taskgroup.reporting.heatmap_file import write_heatmap
from taskgroup.reporting.page import render_page
from taskgroup.search import Estimated, Outcome


@dataclass(frozen=True)
class ReportPaths:
    """The files of a report.

    Attributes:
        html: The page; it needs none of the others.
        affinity_csv: One row a measured pair.
        heatmap_png: The affinity as a picture.
        groups_json: The recommended grouping.
        matched_csv: One row a (target, subset) with its gain over capacity-matched single-task networks; None
            where there are none.
    """

    html: Path
    affinity_csv: Path
    heatmap_png: Path
    groups_json: Path
    matched_csv: Path | None = None


def write_report(outcome: Outcome, folder: str | Path, *, estimates: Sequence[Estimated] = ()) -> ReportPaths:
    """Write the report of a search into a folder, which is made where it is missing.

    Args:
        outcome: What the search found.
        folder: Files of an earlier report in it are replaced.
        estimates: Cheaper estimates of the affinity, to be shown beside it.

    Raises:
        InputError: If the folder cannot be written to.
    """
    folder = Path(folder)
    affinity, grouping = outcome.affinity, outcome.recommendation
    return ReportPaths(
        html=write_atomically(folder / "index.html", render_page(outcome, estimates)),
        affinity_csv=write_atomically(folder / "affinity.csv", affinity.table().to_csv(index=False)),
        heatmap_png=write_heatmap(
            affinity, folder / "affinity.png", grouping=grouping, unit=gain_unit(outcome.study)
        ),
        groups_json=write_export(grouping, folder / "groups.json"),
        matched_csv=_write_matched(outcome.matched_transfer, folder / "matched_transfer.csv"),
    )


def _write_matched(matched: pd.DataFrame, path: Path) -> Path | None:
    return None if matched.empty else write_atomically(path, matched.to_csv(index=False))
