"""The affinity heatmap as a PNG or SVG, drawn by matplotlib: no browser, good for a README."""

from __future__ import annotations

import io
import itertools
import warnings
from typing import Any, Literal

import numpy as np
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import QuadMesh
from matplotlib.colors import LinearSegmentedColormap, ListedColormap
from matplotlib.figure import Figure
from matplotlib.font_manager import fontManager

from taskgroup.reporting import palette
from taskgroup.reporting.gain_unit import GainUnit
from taskgroup.reporting.labels import most_lines, wrap
from taskgroup.reporting.tables import Cell, Evidence, HeatmapTable

LABEL_WIDTH = 24
_FONTS = (
    "DejaVu Sans",
    "Noto Sans CJK SC",
    "Noto Sans CJK JP",
    "Noto Sans Arabic",
    "Noto Sans Devanagari",
    "Hiragino Sans",
    "Microsoft YaHei",
)
_LINE_INCHES = 0.17
_LEAST_SIDE_INCHES = 2.6


def heatmap_image(table: HeatmapTable, *, format: Literal["png", "svg"] = "png") -> bytes:
    """Draw the affinity matrix on white; the same table gives the same bytes.

    Args:
        table: What to draw.
        format: `png` at 160 dots an inch, or `svg`.
    """
    content = io.BytesIO()
    metadata = {"Date": None} if format == "svg" else {"Software": None}
    with rc_context({"svg.hashsalt": "taskgroup", "font.family": _installed_fonts()}):
        figure = _figure(table)
        with warnings.catch_warnings():
            # A script that no installed font covers shows as boxes; that is no reason to stop.
            warnings.filterwarnings("ignore", message="Glyph .* missing from")
            figure.savefig(
                content, format=format, dpi=160, bbox_inches="tight", pad_inches=0.15, metadata=metadata
            )
    return content.getvalue()


def _installed_fonts() -> list[str]:
    installed = set(fontManager.get_font_names())
    return [font for font in _FONTS if font in installed]


def _figure(table: HeatmapTable) -> Figure:
    least_cell = max(0.62 if table.has_numbers else 0.26, _LEAST_SIDE_INCHES / len(table.sources))
    cell = max(least_cell, _LINE_INCHES * (0.6 + most_lines(table.source_labels, width=LABEL_WIDTH)))
    width, height = cell * len(table.sources), cell * len(table.tasks)
    figure = Figure(figsize=(width, height), facecolor="white")
    FigureCanvasAgg(figure)
    axes = figure.add_axes((0, 0, 1, 1))
    cells = _draw_cells(axes, table)
    _label(axes, table)
    _write_cells(axes, table)
    _draw_boundaries(axes, table)
    _add_colorbar(figure, cells, table, width=width, height=height)
    return figure


def _draw_cells(axes: Axes, table: HeatmapTable) -> QuadMesh:
    """Draw the gains, with white between the cells and over those not distinguishable from zero."""
    across, down = (np.arange(len(names) + 1) - 0.5 for names in (table.sources, table.tasks))
    colormap = LinearSegmentedColormap.from_list("gain", list(palette.DIVERGING))
    mesh = axes.pcolormesh(
        across, down, table.estimate.to_numpy(), cmap=colormap, vmin=-table.limit, vmax=table.limit
    )
    unclear = np.where(table.evidence == Evidence.UNCLEAR, 1.0, np.nan)
    axes.pcolormesh(across, down, unclear, cmap=ListedColormap(["white"]), alpha=palette.VEIL_OPACITY)
    axes.set_facecolor(palette.BLANK)
    axes.hlines(down, across[0], across[-1], color="white", linewidth=0.8)
    axes.vlines(across, down[0], down[-1], color="white", linewidth=0.8)
    axes.set(xlim=across[[0, -1]], ylim=down[[-1, 0]])
    return mesh


def _label(axes: Axes, table: HeatmapTable) -> None:
    rows, columns = (
        ["\n".join(wrap(name, width=LABEL_WIDTH)) for name in names]
        for names in (table.tasks, table.source_labels)
    )
    turned = (
        {"rotation": 90} if len(columns) > 12 else {"rotation": 45, "ha": "left", "rotation_mode": "anchor"}
    )
    # Names may hold dollar signs, which matplotlib would read as formulas.
    plain: dict[str, Any] = {"parse_math": False, "fontsize": 9, "color": palette.INK}
    axes.set_yticks(range(len(rows)), rows, **plain)
    axes.set_xticks(range(len(columns)), columns, **plain, **turned)
    axes.tick_params(length=0, top=True, labeltop=True, bottom=False, labelbottom=False)
    axes.xaxis.set_label_position("top")
    axes.set_xlabel("column: the task trained alongside", fontsize=10, labelpad=10)
    axes.set_ylabel("row: the task helped or hurt", fontsize=10, labelpad=10)


def _write_cells(axes: Axes, table: HeatmapTable) -> None:
    if not table.has_numbers:
        return
    for cell in itertools.chain.from_iterable(table.cells()):
        if cell.measured:
            text, style = _cell_text(cell, table.unit, limit=table.limit)
            axes.text(cell.column, cell.row, text, ha="center", va="center", **style)


def _cell_text(cell: Cell, unit: GainUnit, *, limit: float) -> tuple[str, dict[str, Any]]:
    if not cell.sure:
        return "•", {"color": palette.INK, "fontsize": 7}
    color = "white" if abs(cell.gain) > 0.7 * limit else palette.INK
    if cell.evidence == Evidence.CORRECTED:
        return f"{unit.text(cell.gain)}*", {"color": color, "fontsize": 8.5, "weight": "bold"}
    return unit.text(cell.gain), {"color": color, "fontsize": 8.5}


def _draw_boundaries(axes: Axes, table: HeatmapTable) -> None:
    for place in table.boundaries:
        axes.axhline(place - 0.5, color=palette.INK, linewidth=1.4)
        axes.axvline(place - 0.5, color=palette.INK, linewidth=1.4)
    axes.spines[:].set_visible(False)


def _add_colorbar(
    figure: Figure, cells: QuadMesh, table: HeatmapTable, *, width: float, height: float
) -> None:
    """Below the matrix, at a fixed distance in inches, at least 2.5 inches wide."""
    share = max(1.0, 2.5 / width)
    place = figure.add_axes(((1 - share) / 2, -0.3 / height, share, 0.12 / height))
    colorbar = figure.colorbar(
        cells, cax=place, orientation="horizontal", ticks=[-table.limit, 0, table.limit]
    )
    colorbar.set_ticklabels(table.limit_labels)
    colorbar.outline.set_visible(False)
    place.tick_params(length=0, labelsize=9)
    place.set_xlabel("\n".join(_legend(table, in_one_line=width > 6)), fontsize=9, linespacing=1.6)


def _legend(table: HeatmapTable, *, in_one_line: bool) -> list[str]:
    signs = ["faint: not distinguishable from zero"]
    if table.has_numbers:
        signs += ["number: 95% interval excludes zero", "bold*: also q < 0.05"]
    signs += ["dark lines: different networks"] * bool(table.boundaries)
    direction = "hurts  ←  gain of the row's task  →  helps"
    return [direction, "    ".join(signs)] if in_one_line else [direction, *signs]
