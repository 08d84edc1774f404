"""Who helps whom, as a coloured matrix: the column's task helps or hurts the row's."""

from __future__ import annotations

from typing import Any

import numpy as np
import plotly.graph_objects as go

from taskgroup.reporting import palette
from taskgroup.reporting.figures import style
from taskgroup.reporting.gain_unit import GainUnit
from taskgroup.reporting.labels import label
from taskgroup.reporting.tables import Cell, Evidence, HeatmapTable
from taskgroup.reporting.words import probability

LABEL_WIDTH = 20
_NUMBER_PIXELS = 50
_COLORBAR_PIXELS = 340
_AXIS_TITLE_PIXELS = 200
_MARGIN = 16
# A star where the sign also holds after correction for the number of tests.
_TEXTS = {Evidence.INTERVAL: "{}", Evidence.CORRECTED: "<b>{}*</b>"}
_MEANING = {
    Evidence.UNCLEAR: "not distinguishable from zero",
    Evidence.INTERVAL: "the interval excludes zero, but this may be chance among so many tests",
    Evidence.CORRECTED: "significant after correction for the number of tests (q < 0.05)",
}


def heatmap_figure(table: HeatmapTable) -> go.Figure:
    """Draw the affinity matrix.

    Cells show the gain where its sign is sure; elsewhere they are faint, with a dot. Above 30 tasks
    there is only colour. Interval, q-value and number of runs show on hover.
    """
    layers = gain_layers(table, numbers=table.has_numbers)
    margin = {"l": 8, "r": _right_margin(table), "t": 8, "b": 8}
    return go.Figure(layers, style.layout(height=_height(table), margin=margin, **_frame(table)))


def gain_layers(table: HeatmapTable, *, numbers: bool) -> list[go.Heatmap]:
    """The cells, with or without numbers in them, and a veil over those that tell nothing."""
    return [_gains(table, numbers), _veil(table, numbers)]


def heatmap_widths(table: HeatmapTable) -> tuple[int, int]:
    """The least and greatest width in pixels at which the matrix reads well."""
    n_columns = len(table.sources)
    labels = 40 + style.widest_label(table.tasks, width=LABEL_WIDTH)
    cell = _NUMBER_PIXELS if table.has_numbers else 20
    narrow = max(cell, style.tallest_label(table.source_labels, width=LABEL_WIDTH))
    least = max(labels + n_columns * narrow, _COLORBAR_PIXELS)
    return least, max(labels + n_columns * max(96, narrow), least + 120)


def _gains(table: HeatmapTable, numbers: bool) -> go.Heatmap:
    return go.Heatmap(
        z=table.estimate.to_numpy(),
        zmin=-table.limit,
        zmax=table.limit,
        colorscale=palette.colorscale(),
        colorbar=_colorbar(table),
        hovertext=[[_hover_text(cell, table.unit) for cell in row] for row in table.cells()],
        hoverinfo="text",
        **_texts(table, _TEXTS, numbers),
    )


def _veil(table: HeatmapTable, numbers: bool) -> go.Heatmap:
    """A layer of white over the cells that are not distinguishable from zero."""
    return go.Heatmap(
        z=np.where(table.evidence == Evidence.UNCLEAR, 1.0, np.nan),
        colorscale=[(0, "white"), (1, "white")],
        opacity=palette.VEIL_OPACITY,
        showscale=False,
        hoverinfo="skip",
        **_texts(table, {Evidence.UNCLEAR: "•"}, numbers),
    )


def _texts(table: HeatmapTable, texts: dict[Evidence, str], numbers: bool) -> dict[str, Any]:
    """What the cells of a layer say, and the gaps between them, which all layers must share."""
    gaps = {"xgap": 1, "ygap": 1}
    if not numbers:
        return gaps
    text = [
        [texts.get(cell.evidence, "").format(table.unit.text(cell.gain)) for cell in row]
        for row in table.cells()
    ]
    return {"text": text, "texttemplate": "%{text}", "textfont": {"size": 11}, **gaps}


def _hover_text(cell: Cell, unit: GainUnit) -> str:
    target, source = f"<b>{label(cell.target)}</b>", f"<b>{label(cell.source)}</b>"
    if cell.evidence == Evidence.ITSELF:
        return target
    if not cell.measured:
        return f"{source} trained alongside {target}: not measured"
    return "<br>".join(
        [
            f"{source} trained alongside {target}",
            f"gain of {target}: <b>{unit.text(cell.gain)}</b>",
            f"95% interval: {unit.interval(cell.low, cell.high)}",
            f"q-value: {probability(cell.q_value)}",
            f"paired runs: {cell.n_runs:.0f}",
            _MEANING[cell.evidence],
        ]
    )


def _colorbar(table: HeatmapTable) -> dict[str, Any]:
    return {
        "orientation": "h",
        "y": 0,
        "yref": "paper",
        "yanchor": "top",
        "thickness": 12,
        "len": 0.86,
        "ypad": 14,
        "outlinewidth": 0,
        "ticks": "",
        "tickvals": [-table.limit, 0, table.limit],
        "ticktext": list(table.limit_labels),
        "title": {"text": "hurts  ←  gain of the row's task  →  helps", "side": "bottom"},
    }


def _frame(table: HeatmapTable) -> dict[str, Any]:
    rows, columns = (
        [label(name, width=LABEL_WIDTH) for name in names] for names in (table.tasks, table.source_labels)
    )
    return {
        "plot_bgcolor": palette.BLANK,
        "xaxis": style.named_axis(
            columns,
            "column: the task trained alongside",
            side="top",
            showgrid=False,
            ticklabeloverflow="allow",
            range=[-0.5, len(columns) - 0.5],
            **({"autotickangles": [0, -45]} if len(columns) <= 12 else {"tickangle": -90}),
        ),
        "yaxis": style.named_axis(
            rows, "row: the task helped or hurt", showgrid=False, range=[len(rows) - 0.5, -0.5]
        ),
        "shapes": [line for place in table.boundaries for line in _boundary(place - 0.5)],
    }


def _right_margin(table: HeatmapTable) -> int:
    """Room for names that lean out of the matrix, as they do where they do not fit above their columns."""
    names = table.source_labels
    widths = [style.widest_label([name], width=LABEL_WIDTH) for name in names]
    if len(names) > 12 or max(widths) <= _NUMBER_PIXELS:
        return _MARGIN
    leaning = [0.71 * wide - _NUMBER_PIXELS * (i + 0.5) for i, wide in enumerate(reversed(widths))]
    return max(_MARGIN, int(max(leaning)))


def _boundary(place: float) -> list[dict[str, Any]]:
    line = {"type": "line", "line": {"color": palette.INK, "width": 1.5}}
    return [
        {**line, "xref": "x", "x0": place, "x1": place, "yref": "paper", "y0": 0, "y1": 1},
        {**line, "yref": "y", "y0": place, "y1": place, "xref": "paper", "x0": 0, "x1": 1},
    ]


def _height(table: HeatmapTable) -> int:
    n_tasks = len(table.tasks)
    row = max(38 if n_tasks <= 12 else 22, style.tallest_label(table.tasks, width=LABEL_WIDTH))
    column_labels = style.widest_label(table.source_labels, width=LABEL_WIDTH)
    return max(row * n_tasks, _AXIS_TITLE_PIXELS) + column_labels + 140
