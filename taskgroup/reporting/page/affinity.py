"""Who helps whom: the heatmap, and how to read it."""

from __future__ import annotations

from taskgroup.reporting.figures import heatmap_figure
from taskgroup.reporting.figures.heatmap import heatmap_widths
from taskgroup.reporting.gain_unit import gain_unit
from taskgroup.reporting.page.by_depth import by_depth
from taskgroup.reporting.page.markup import Html, paragraph, picture, section
from taskgroup.reporting.tables import HeatmapTable, heatmap_table
from taskgroup.search import Outcome

_DIRECTION = (
    "Read it row by row: each cell says whether the column's task, trained alongside, helps (blue, +) or "
    "hurts (red, −) the row's task, compared with training the row's task alone. The two directions of a "
    "pair can differ."
)
_NUMBERS = (
    "A number stands where the 95% interval excludes zero; bold with a star where that also holds after "
    "correction for the number of tests (q < 0.05). Faint cells with a dot cannot be told from zero."
)
_COLORS_ONLY = (
    "Faint cells cannot be told from zero. The matrix is too large for numbers; intervals, q-values and "
    "numbers of runs show when a cell is touched, and stand in affinity.csv."
)


def affinity(outcome: Outcome) -> Html:
    """The heatmap with its two lines of explanation."""
    table = heatmap_table(outcome.affinity, outcome.recommendation, unit=gain_unit(outcome.study))
    least, greatest = heatmap_widths(table)
    return section(
        "Who helps whom",
        paragraph(_DIRECTION, *_way(outcome)),
        paragraph(_NUMBERS if table.has_numbers else _COLORS_ONLY, *_remarks(table)),
        picture(
            heatmap_figure(table),
            key="affinity",
            says="Matrix of gains: the column's task helps or hurts the row's task.",
            least_width=least,
            greatest_width=greatest,
        ),
        by_depth(outcome),
        key="affinity",
    )


def _way(outcome: Outcome) -> list[str]:
    """How the pairs were trained, where a recommended network may be trained otherwise."""
    if outcome.recipes is None or outcome.ways.empty:
        return []
    way = outcome.recipes.joint.way_in_words
    return [f"All were measured with {way}, also where a network is recommended in another way."]


def _remarks(table: HeatmapTable) -> list[str]:
    remarks = []
    if (table.evidence == "unmeasured").to_numpy().any():
        remarks.append("Grey cells off the diagonal were not measured.")
    if table.boundaries:
        remarks.append("Dark lines separate tasks that different networks serve.")
    return remarks
