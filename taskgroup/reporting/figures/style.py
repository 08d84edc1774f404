"""The look that all figures share: transparent paper, quiet grids, no dragging, so that phones scroll."""

from __future__ import annotations

from typing import Any

from taskgroup.reporting.labels import longest_line, most_lines
from taskgroup.reporting.palette import GRID, INK

FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif"
FONT_SIZE = 13
_LINE_PIXELS = 17
_CHARACTER_PIXELS = 7


def layout(*, height: int, **options: Any) -> dict[str, Any]:
    """Layout of a figure of this height in pixels, as wide as its place."""
    return {
        "template": "none",
        "height": height,
        "autosize": True,
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "font": {"family": FONT, "size": FONT_SIZE, "color": INK},
        "hoverlabel": {"align": "left", "font": {"family": FONT, "size": FONT_SIZE}},
        "margin": {"l": 8, "r": 16, "t": 8, "b": 8},
        "dragmode": False,
        "showlegend": False,
        **options,
    }


def axis(title: str | None = None, **options: Any) -> dict[str, Any]:
    """An axis that makes room for its labels and keeps its range."""
    return {
        "title": {"text": title, "standoff": 10},
        "automargin": True,
        "fixedrange": True,
        "gridcolor": GRID,
        "zeroline": False,
        "ticks": "",
        "ticklabelstandoff": 4,
        "showline": False,
        **options,
    }


def named_axis(labels: list[str], title: str | None = None, **options: Any) -> dict[str, Any]:
    """An axis with one label at each position 0, 1, 2, ...

    Positions are numbers, since plotly would read names such as ``2026-01-01`` or ``1e5`` as values.
    """
    return axis(title, tickmode="array", tickvals=list(range(len(labels))), ticktext=labels, **options)


def widest_label(names: list[str], *, width: int) -> int:
    """Pixels, about, that the longest line among labels of this many columns takes."""
    return _CHARACTER_PIXELS * longest_line(names, width=width)


def tallest_label(names: list[str], *, width: int) -> int:
    """Pixels that the label with the most lines takes; rows need as much for labels not to touch."""
    return 3 + _LINE_PIXELS * most_lines(names, width=width)


def top_legend() -> dict[str, Any]:
    """A legend in one line above the plot, where there is room for it."""
    return {"orientation": "h", "x": 0, "xanchor": "left", "y": 1, "yanchor": "bottom"}
