"""Power against effect size as a PNG."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from taskgroup.reporting import palette

_COLORS = {3: "#b35806", 5: "#2166ac"}


def draw_power(found: Sequence[dict[str, Any]], file: Path) -> None:
    """Draw the share of planted gains that are flagged; dashed for t-tests of single cells."""
    figure = Figure(figsize=(6.4, 4.0), facecolor="white", layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    for n_seeds in sorted({row["seeds"] for row in found}):
        rows = [row for row in found if row["seeds"] == n_seeds]
        effects, color = [row["effect"] for row in rows], _COLORS.get(n_seeds, palette.INK)
        axes.fill_between(
            effects,
            [r["power"]["low"] for r in rows],
            [r["power"]["high"] for r in rows],
            color=color,
            alpha=0.2,
        )
        power, plain = ([row[kind]["share"] for row in rows] for kind in ("power", "plain"))
        axes.plot(effects, power, color=color, marker="o", markersize=4, label=f"{n_seeds} seeds")
        axes.plot(effects, plain, color=color, linestyle="--", label=f"{n_seeds} seeds, each cell by itself")
    axes.set(
        xlabel="true gain, in between-seed standard deviations",
        ylabel="share flagged at q < 0.05",
        ylim=(0, 1.02),
        xlim=(0, None),
    )
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(color="#dddddd", linewidth=0.6)
    axes.legend(frameon=False, loc="center right")
    file.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(file, dpi=160, metadata={"Software": None})
