"""What each task gains, with intervals: the recommendation, one network for all, single-task at zero."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

import pandas as pd
import plotly.graph_objects as go

from taskgroup.reporting import palette
from taskgroup.reporting.figures import style
from taskgroup.reporting.gain_unit import SHARE_OF_ERROR, GainUnit
from taskgroup.reporting.labels import label

LABEL_WIDTH = 22
_TRACES = {
    "recommended": ("recommended networks", palette.RECOMMENDED, "circle", -0.16),
    "all_in_one": ("one network for all tasks", palette.ALL_IN_ONE, "diamond-open", 0.16),
}


def gain_figure(table: pd.DataFrame, *, unit: GainUnit = SHARE_OF_ERROR) -> go.Figure:
    """Draw the table of `gain_table`: one row a task, best first; bars are 95% intervals."""
    tasks = list(dict.fromkeys(table["task"]))
    traces = [
        _trace(rows, tasks, strategy, unit)
        for strategy in _TRACES
        if not (rows := table[table["strategy"] == strategy]).empty
    ]
    names = [label(task, width=LABEL_WIDTH) for task in tasks]
    row = max(36, style.tallest_label(tasks, width=LABEL_WIDTH))
    frame = {
        "xaxis": style.axis("gain over single-task networks", tickformat=unit.tick_format, nticks=7),
        "yaxis": style.named_axis(names, range=[len(tasks) - 0.5, -0.5]),
        "shapes": [_zero_line()],
        "showlegend": True,
        "legend": style.top_legend(),
    }
    return go.Figure(traces, style.layout(height=row * len(tasks) + 110, **frame))


def _trace(rows: pd.DataFrame, tasks: list[str], strategy: str, unit: GainUnit) -> go.Scatter:
    name, color, symbol, offset = _TRACES[strategy]
    return go.Scatter(
        name=name,
        mode="markers",
        x=rows["gain"],
        y=[tasks.index(task) + offset for task in rows["task"]],
        error_x={
            "type": "data",
            "symmetric": False,
            "array": (rows["high"] - rows["gain"]).to_numpy(dtype=float),
            "arrayminus": (rows["gain"] - rows["low"]).to_numpy(dtype=float),
            "thickness": 1.6,
            "width": 0,
        },
        marker={"color": color, "symbol": symbol, "size": 9, "line": {"color": color, "width": 1.5}},
        hovertext=[_hover_text(name, row, unit) for row in rows.to_dict("records")],
        hoverinfo="text",
    )


def _hover_text(strategy: str, row: dict[Hashable, Any], unit: GainUnit) -> str:
    lines = [f"<b>{label(row['task'])}</b>, {strategy}"]
    if row["alone"]:
        return "<br>".join([*lines, "trained alone, so its gain is zero by definition"])
    lines += [
        f"gain: <b>{unit.text(row['gain'])}</b>",
        f"95% interval: {unit.interval(row['low'], row['high'])}",
        f"trained as {label(row['subset'], width=50)}",
    ]
    return "<br>".join(lines)


def _zero_line() -> dict[str, Any]:
    line = {"color": palette.NEUTRAL, "width": 1.5}
    return {
        "type": "line",
        "x0": 0,
        "x1": 0,
        "yref": "paper",
        "y0": 0,
        "y1": 1,
        "line": line,
        "layer": "below",
    }
