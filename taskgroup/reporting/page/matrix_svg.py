"""A small matrix of colours as SVG: no numbers, no script, any width."""

from __future__ import annotations

from collections import defaultdict

import numpy as np
import pandas as pd

from taskgroup.reporting import palette
from taskgroup.reporting.page.markup import Html, element

_QUANTILE = 0.9  # few cells tower above the others in most scores
_STEPS = 8  # on each side of zero


def matrix_svg(values: pd.DataFrame, *, says: str) -> Html:
    """Draw [rows, columns] in the diverging colours, zero in the middle, cut at the 90th percentile of size.

    Args:
        values: What is not finite stays blank.
        says: What it shows, for those who cannot see it.
    """
    cells = values.to_numpy(dtype=float)
    n_rows, n_columns = cells.shape
    sizes = np.abs(cells[np.isfinite(cells)])
    limit = (float(np.quantile(sizes, _QUANTILE)) if sizes.size else 0.0) or 1.0
    squares: dict[str, list[str]] = defaultdict(list)
    for row, column in zip(*np.nonzero(np.isfinite(cells)), strict=True):
        squares[_color(cells[row, column] / limit)].append(f"M{column} {row}h1v1h-1z")
    paths = [element("path", d="".join(parts), fill=color) for color, parts in sorted(squares.items())]
    ground = element("rect", width=str(n_columns), height=str(n_rows), fill=palette.BLANK)
    frame = {"viewBox": f"0 0 {n_columns} {n_rows}", "role": "img", "aria_label": says}
    return element("svg", ground, *paths, shape_rendering="crispEdges", **frame)


def _color(share: float) -> str:
    """The colour of a value given as a share of the limit, in steps, so that equal cells are one shape."""
    place = (1 + round(_STEPS * min(max(share, -1.0), 1.0)) / _STEPS) / 2 * (len(palette.DIVERGING) - 1)
    below = min(int(place), len(palette.DIVERGING) - 2)
    ends = [[int(palette.DIVERGING[i][k : k + 2], 16) for k in (1, 3, 5)] for i in (below, below + 1)]
    mixed = [round(a + (b - a) * (place - below)) for a, b in zip(*ends, strict=True)]
    return "#" + "".join(f"{part:02x}" for part in mixed)
