"""Whether gains of pairs foretell gains of larger subsets: predicted against measured."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

import pandas as pd
import plotly.graph_objects as go

from taskgroup.reporting import palette
from taskgroup.reporting.figures import style
from taskgroup.reporting.gain_unit import SHARE_OF_ERROR, GainUnit
from taskgroup.reporting.labels import label


def reliability_figure(table: pd.DataFrame, *, unit: GainUnit = SHARE_OF_ERROR) -> go.Figure:
    """Draw the table of `reliability_table`: one point a task of a larger subset; on the line is exact."""
    low, high = _range(table)
    points = go.Scatter(
        mode="markers",
        x=table["predicted"],
        y=table["measured"],
        marker={"color": palette.RECOMMENDED, "size": 8, "opacity": 0.75},
        hovertext=[_hover_text(row, unit) for row in table.to_dict("records")],
        hoverinfo="text",
    )
    scale = {"range": [low, high], "tickformat": unit.tick_format, "nticks": 7}
    frame = {
        "xaxis": style.axis("gain predicted from pairs", **scale),
        "yaxis": style.axis("gain measured", **scale),
        "shapes": [_line(low, low, high, high, dash="dash"), _line(low, 0, high, 0), _line(0, low, 0, high)],
    }
    return go.Figure(points, style.layout(height=440, **frame))


def _range(table: pd.DataFrame) -> tuple[float, float]:
    values = table[["predicted", "measured"]].to_numpy(dtype=float)
    low, high = min(float(values.min()), 0.0), max(float(values.max()), 0.0)
    margin = 0.06 * (high - low) or 0.01
    return low - margin, high + margin


def _line(x0: float, y0: float, x1: float, y1: float, *, dash: str = "solid") -> dict[str, Any]:
    line = {"color": palette.NEUTRAL, "width": 1.2, "dash": dash}
    return {"type": "line", "x0": x0, "y0": y0, "x1": x1, "y1": y1, "line": line, "layer": "below"}


def _hover_text(row: dict[Hashable, Any], unit: GainUnit) -> str:
    return (
        f"<b>{label(row['target'])}</b> trained as {label(row['subset'], width=50)}<br>"
        f"predicted {unit.text(row['predicted'])}, measured {unit.text(row['measured'])}"
    )
