"""The networks as columns: filled where a task is served, open where it only rides along."""

from __future__ import annotations

from typing import Any

import pandas as pd
import plotly.graph_objects as go

from taskgroup.reporting import palette
from taskgroup.reporting.figures import style
from taskgroup.reporting.labels import label

LABEL_WIDTH = 22
_MARKERS = {
    True: ("served by this network", "square", palette.RECOMMENDED),
    False: ("only rides along", "circle-open", palette.ALL_IN_ONE),
}


def group_figure(table: pd.DataFrame) -> go.Figure:
    """Draw the table of `group_table`: one column a network, one row a task."""
    tasks = list(
        table.sort_values(["served", "network"], ascending=[False, True], kind="stable")["task"].unique()
    )
    n_networks = int(table["network"].max())
    traces = [
        _trace(rows, tasks, served=served)
        for served in _MARKERS
        if not (rows := table[table["served"] == served]).empty
    ]
    row = max(28 if len(tasks) <= 15 else 22, style.tallest_label(tasks, width=LABEL_WIDTH))
    frame = {
        "xaxis": style.named_axis(
            [str(number + 1) for number in range(n_networks)],
            "network",
            side="top",
            showgrid=False,
            range=[-0.5, n_networks - 0.5],
        ),
        "yaxis": style.named_axis(
            [label(task, width=LABEL_WIDTH) for task in tasks], range=[len(tasks) - 0.5, -0.5]
        ),
        "shapes": [_box(number) for number in range(n_networks)],
        "showlegend": True,
        "legend": {"orientation": "h", "x": 0, "xanchor": "left", "y": 0, "yanchor": "top"},
    }
    return go.Figure(traces, style.layout(height=row * len(tasks) + 110, **frame))


def group_widths(table: pd.DataFrame) -> tuple[int, int]:
    """The least and greatest width in pixels at which the picture reads well."""
    labels = 40 + style.widest_label(list(table["task"]), width=LABEL_WIDTH)
    n_networks = int(table["network"].max())
    return labels + 30 * n_networks, max(460, labels + 90 * n_networks)


def _trace(rows: pd.DataFrame, tasks: list[str], *, served: bool) -> go.Scatter:
    name, symbol, color = _MARKERS[served]
    return go.Scatter(
        name=name,
        mode="markers",
        x=rows["network"] - 1,
        y=[tasks.index(task) for task in rows["task"]],
        marker={"symbol": symbol, "color": color, "size": 14, "line": {"color": color, "width": 2}},
        hovertext=[
            f"<b>{label(task)}</b>, network {number}<br>{name}"
            for task, number in zip(rows["task"], rows["network"], strict=True)
        ],
        hoverinfo="text",
    )


def _box(position: int) -> dict[str, Any]:
    return {
        "type": "rect",
        "x0": position - 0.4,
        "x1": position + 0.4,
        "yref": "paper",
        "y0": 0,
        "y1": 1,
        "line": {"color": palette.NEUTRAL, "width": 1},
        "fillcolor": palette.GRID,
        "opacity": 0.5,
        "layer": "below",
    }
