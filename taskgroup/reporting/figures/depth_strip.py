"""Who helps whom at each sharing depth: matrices side by side, in one order and one range of colours."""

from __future__ import annotations

from collections.abc import Mapping

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from taskgroup.reporting import palette
from taskgroup.reporting.figures import style
from taskgroup.reporting.figures.heatmap import LABEL_WIDTH, gain_layers
from taskgroup.reporting.labels import label
from taskgroup.reporting.tables import HeatmapTable
from taskgroup.reporting.words import count

_MOST_TASKS_WITH_NUMBERS = 8
_NUMBER_PIXELS, _CELL_PIXELS, _ROW_PIXELS = 46, 20, 30
_GAP_PIXELS = 20
_BELOW_PIXELS = 84


def depth_strip_figure(tables: Mapping[int, HeatmapTable]) -> go.Figure:
    """Draw one matrix a depth.

    Args:
        tables: By depth, ascending, all with the same tasks in the same order and the same limit.
    """
    first = next(iter(tables.values()))
    n_tasks, n_depths = len(first.tasks), len(tables)
    gap = _GAP_PIXELS / depth_strip_widths(tables)[0]
    figure = make_subplots(rows=1, cols=n_depths, shared_yaxes=True, horizontal_spacing=gap)
    figure.layout.template = None
    names = [label(name, width=LABEL_WIDTH) for name in first.tasks]
    for column, (depth, table) in enumerate(tables.items(), start=1):
        for place, layer in enumerate(gain_layers(table, numbers=_numbers(table))):
            layer.showscale = column == 1 and place == 0  # one scale for all
            figure.add_trace(layer, row=1, col=column)
        title = f"{count(depth, 'block')} shared"
        figure.update_xaxes(
            style.named_axis(
                names, title, side="top", showgrid=False, range=[-0.5, n_tasks - 0.5], tickangle=-90
            ),
            row=1,
            col=column,
        )
    figure.update_yaxes(
        showgrid=False, range=[n_tasks - 0.5, -0.5], fixedrange=True, ticks="", zeroline=False
    )
    figure.update_yaxes(style.named_axis(names, showgrid=False, range=[n_tasks - 0.5, -0.5]), row=1, col=1)
    height = _row(first) * n_tasks + style.widest_label(first.tasks, width=LABEL_WIDTH) + _BELOW_PIXELS + 40
    return figure.update_layout(style.layout(height=height, plot_bgcolor=palette.BLANK))


def depth_strip_widths(tables: Mapping[int, HeatmapTable]) -> tuple[int, int]:
    """The least and greatest width in pixels at which the strip reads well."""
    table = next(iter(tables.values()))
    cell = _NUMBER_PIXELS if _numbers(table) else _CELL_PIXELS
    narrow = max(cell, style.tallest_label(table.tasks, width=LABEL_WIDTH))
    labels = 40 + style.widest_label(table.tasks, width=LABEL_WIDTH)
    least = labels + len(tables) * (len(table.tasks) * narrow + _GAP_PIXELS)
    return max(least, 340), max(labels + len(tables) * len(table.tasks) * 64, least + 60)


def _numbers(table: HeatmapTable) -> bool:
    return len(table.tasks) <= _MOST_TASKS_WITH_NUMBERS


def _row(table: HeatmapTable) -> int:
    least = _ROW_PIXELS if _numbers(table) else _CELL_PIXELS
    return max(least, style.tallest_label(table.tasks, width=LABEL_WIDTH))
