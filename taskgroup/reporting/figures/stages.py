"""Where the search's time went."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

import pandas as pd
import plotly.graph_objects as go

from taskgroup.reporting import palette
from taskgroup.reporting.figures import style
from taskgroup.reporting.labels import escape, label
from taskgroup.reporting.words import count, duration, phrase, share


def stage_figure(table: pd.DataFrame) -> go.Figure:
    """Draw the table of `stage_table`: one bar a stage, in the order they ran."""
    stages = [label(phrase(stage)) for stage in table["stage"]]
    longest = table["seconds"].max()
    bars = go.Bar(
        orientation="h",
        x=table["seconds"],
        y=list(range(len(stages))),
        width=0.6,
        marker={"color": palette.RECOMMENDED},
        text=[
            f"{duration(s)} · {share(part)}" for s, part in zip(table["seconds"], table["share"], strict=True)
        ],
        textposition="outside",
        textangle=0,
        cliponaxis=False,
        hovertext=[_hover_text(row) for row in table.to_dict("records")],
        hoverinfo="text",
    )
    frame = {
        "xaxis": style.axis(visible=False, range=[0, 1.5 * longest if longest > 0 else 1]),
        "yaxis": style.named_axis(stages, showgrid=False, range=[len(stages) - 0.5, -0.5]),
    }
    return go.Figure(bars, style.layout(height=34 * len(stages) + 24, **frame))


def _hover_text(row: dict[Hashable, Any]) -> str:
    runs = count(int(row["runs"]), "run") + (f", {row['failed']} failed" if row["failed"] else "")
    return f"<b>{escape(phrase(row['stage']))}</b><br>{runs}<br>{duration(row['seconds'])}"
