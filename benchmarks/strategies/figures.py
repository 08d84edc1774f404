"""Figures of replays: share against runs, and what was promised against what it was worth."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from scipy import stats

from benchmarks.strategies.cases import Budgets, Case, known_cases
from benchmarks.strategies.record import decoded
from benchmarks.strategies.summary import COMPARED

COLOURS = {"active": "#D55E00", "hoa": "#0072B2", "pairs": "#009E73", "random": "#777777"}
_COLUMNS = 5
_PANEL = (2.5, 1.9)  # inches
_LOWEST, _HIGHEST = -2.5, 1.08
_SCATTER = (-1.0, 4.0)


def draw_curves(frame: pd.DataFrame, path: Path, title: str) -> None:
    """One panel a table: mean share of each strategy against distinct subsets, with its 95% band."""
    cases = known_cases(frame["table"])
    figure, panels = _panels(len(cases), title)
    for panel, (name, case) in zip(panels, cases.items(), strict=True):
        rows = frame[frame["table"] == name]
        curves = {s: list(rows.loc[rows["strategy"] == s, "curve"]) for s in COMPARED}
        lowest = [_line(panel, case, strategy, curves[strategy]) for strategy in COMPARED]
        for runs in Budgets.of_case(case).of.values():
            panel.axvline(runs, color="#dddddd", linewidth=0.7, zorder=0)
        panel.axhline(0, color="#aaaaaa", linewidth=0.7, zorder=0)
        panel.set_title(f"{name} ({case.part})", fontsize=7)
        panel.set_ylim(max(min(lowest), _LOWEST) - 0.08, _HIGHEST)
    _legend(figure, panels)
    figure.supxlabel("distinct subsets measured", fontsize=8)
    figure.supylabel("share of the achievable gain", fontsize=8)
    figure.savefig(path, dpi=110)


def _line(panel: Any, case: Case, strategy: str, curves: Sequence[str]) -> float:
    """Draw a mean with its band; the lowest mean, or 0 where that is lower."""
    runs = np.arange(case.n_tasks + 1, Budgets.of_case(case).last(strategy) + 1)
    shares = np.array([decoded(curve, runs) for curve in curves]).reshape(-1, len(runs))
    shares = shares[np.isfinite(shares).all(axis=1)]
    if not len(shares):
        return 0.0
    mean = shares.mean(axis=0)
    panel.plot(runs, mean, color=COLOURS[strategy], linewidth=1.2, label=strategy)
    if len(shares) > 1:
        half = stats.t.ppf(0.975, len(shares) - 1) * shares.std(axis=0, ddof=1) / math.sqrt(len(shares))
        panel.fill_between(runs, mean - half, mean + half, color=COLOURS[strategy], alpha=0.2, linewidth=0)
    return min(0.0, float(mean.min()))


def draw_promises(frame: pd.DataFrame, path: Path) -> None:
    """One panel a strategy and scoring: each replay's predicted share against the realised one."""
    scorings = list(dict.fromkeys(frame["scoring"]))
    drawn = [(scoring, strategy) for scoring in scorings for strategy in ("active", "random")]
    figure, panels = _panels(
        len(drawn), "Predicted and realised share of the recommended grouping", columns=4
    )
    for panel, (scoring, strategy) in zip(panels, drawn, strict=True):
        rows = frame[(frame["scoring"] == scoring) & (frame["strategy"] == strategy)]
        panel.plot(_SCATTER, _SCATTER, color="#aaaaaa", linewidth=0.7)
        realised, predicted = (np.clip(rows[name], *_SCATTER) for name in ("realised", "predicted"))
        panel.scatter(predicted, realised, s=3, color=COLOURS[strategy], alpha=0.3, linewidth=0)
        panel.set(xlim=_SCATTER, ylim=_SCATTER)
        words = "best measured of random" if strategy == "random" else strategy
        panel.set_title(f"{words}, {scoring}", fontsize=7)
    figure.supxlabel("predicted (values outside the axes are drawn at their edge)", fontsize=8)
    figure.supylabel("realised", fontsize=8)
    figure.savefig(path, dpi=110)


def _panels(n: int, title: str, *, columns: int = _COLUMNS) -> tuple[Figure, list[Any]]:
    columns = min(columns, n)
    rows = math.ceil(n / columns)
    size = (max(_PANEL[0] * columns, 5.0), _PANEL[1] * rows + 0.8)
    figure = Figure(figsize=size, layout="constrained")
    grid = figure.subplots(rows, columns, squeeze=False).ravel()
    for panel in grid:
        panel.tick_params(labelsize=6)
        panel.spines[["top", "right"]].set_visible(False)
    for panel in grid[n:]:
        panel.remove()
    figure.suptitle(title, fontsize=9, x=0.02, ha="left")
    return figure, list(grid[:n])


def _legend(figure: Figure, panels: Sequence[Any]) -> None:
    named = {
        label: line
        for panel in panels
        for line, label in zip(*panel.get_legend_handles_labels(), strict=True)
    }
    figure.legend(named.values(), named.keys(), loc="outside right upper", fontsize=7)
