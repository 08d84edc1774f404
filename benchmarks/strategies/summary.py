"""From replays to comparisons: shares at the budgets, paired differences with intervals, calibration."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from scipy import stats

from benchmarks.strategies.cases import Budgets, known_cases
from benchmarks.strategies.record import decoded

OTHERS = ("hoa", "pairs", "random")
COMPARED = ("active", *OTHERS)
CELL = ["table", "scoring", "networks"]
CROSSED = "2/5 against all pairs"
RELIABLE = 0.3
_LEVEL = 0.95


def shares(frame: pd.DataFrame) -> pd.DataFrame:
    """One row a replay and budget: the key, part, n_tasks, gap, budget, runs, share.

    On large tables there is also the budget `CROSSED`: `active` at 2/5, the others at all pairs.
    """
    cases = known_cases(frame["table"])
    parts = []
    for (name, strategy), rows in frame.groupby(["table", "strategy"], sort=False):
        if name not in cases or strategy not in COMPARED:
            continue
        budgets = dict(Budgets.of_case(cases[name]).of)
        if cases[name].is_large:
            budgets[CROSSED] = budgets["2/5" if strategy == "active" else "all pairs"]
        at = np.array([decoded(curve, budgets.values()) for curve in rows["curve"]])
        for column, (budget, runs) in enumerate(budgets.items()):
            kept = rows[[*CELL, "strategy", "seed", "gap"]]
            part, n_tasks = cases[name].part, cases[name].n_tasks
            parts.append(
                kept.assign(part=part, n_tasks=n_tasks, budget=budget, runs=runs, share=at[:, column])
            )
    if not parts:
        return pd.DataFrame(columns=[*CELL, "strategy", "seed", "gap", "part", "budget", "runs", "share"])
    return pd.concat(parts, ignore_index=True)


def comparison(long: pd.DataFrame) -> pd.DataFrame:
    """One row a table, scoring, number of networks and budget.

    Columns: each strategy's mean share and its standard error (`_se`), the best other strategy by mean, the
    paired difference `active` minus it with its 95% interval over replays, the same difference in the
    table's own units, and the number of pairs. Differences are NaN where `active` was not replayed so far.
    """
    found = []
    for key, rows in long.groupby([*CELL, "part", "n_tasks", "budget"], sort=False):
        wide = rows.pivot_table(index="seed", columns="strategy", values="share", dropna=False)
        gap = rows.groupby("seed")["gap"].first()
        row: dict[str, object] = dict(zip([*CELL, "part", "n_tasks", "budget"], key, strict=True))
        row["runs"] = int(rows["runs"].min() if row["budget"] == CROSSED else rows["runs"].max())
        for strategy in COMPARED:
            own = wide[strategy].dropna() if strategy in wide else pd.Series(dtype=float)
            row |= {strategy: own.mean(), f"{strategy}_se": own.std(ddof=1) / np.sqrt(max(len(own), 1))}
        found.append(row | _difference(wide, gap))
    return pd.DataFrame(found)


def _difference(wide: pd.DataFrame, gap: pd.Series) -> dict[str, object]:
    means = wide[[name for name in OTHERS if name in wide]].mean()
    if "active" not in wide or means.isna().all():
        return {"best": "", "difference": np.nan, "low": np.nan, "high": np.nan, "absolute": np.nan, "n": 0}
    best = str(means.idxmax())
    paired = (wide["active"] - wide[best]).dropna()
    low, high = interval(paired.to_numpy())
    absolute = float((paired * gap.reindex(paired.index)).mean())
    mean = float(paired.mean())
    return {
        "best": best,
        "difference": mean,
        "low": low,
        "high": high,
        "absolute": absolute,
        "n": len(paired),
    }


def interval(values: np.ndarray) -> tuple[float, float]:
    """95% interval of a mean by Student's t; NaN for fewer than two values."""
    if len(values) < 2:
        return np.nan, np.nan
    half = stats.t.ppf(0.5 + _LEVEL / 2, len(values) - 1) * np.std(values, ddof=1) / np.sqrt(len(values))
    return float(np.mean(values) - half), float(np.mean(values) + half)


def losses(compared: pd.DataFrame) -> pd.DataFrame:
    """Where `active` is worse than the best other strategy beyond noise, largest difference first."""
    return compared[compared["high"] < -1e-9].sort_values("difference")


def over_tables(compared: pd.DataFrame, by: Sequence[str]) -> pd.DataFrame:
    """Means over tables (and networks, where not in `by`): each strategy, and the difference to the best other.

    The interval of the difference is over tables, each averaged over networks first.
    """
    found = []
    for key, rows in compared.groupby(list(by), sort=False):
        complete = rows.dropna(subset=["difference"])
        if complete.empty:
            continue
        by_table = complete.groupby("table")["difference"].mean().to_numpy()
        low, high = interval(by_table)
        found.append(
            {
                **dict(zip(by, np.atleast_1d(np.array(key, dtype=object)), strict=True)),
                "tables": len(by_table),
                **{name: complete.groupby("table")[name].mean().mean() for name in COMPARED},
                "difference": float(by_table.mean()),
                "low": low,
                "high": high,
                "better": int((complete["low"] > 1e-9).sum()),
                "worse": int((complete["high"] < -1e-9).sum()),
                "cells": len(complete),
            }
        )
    return pd.DataFrame(found)


def references(frame: pd.DataFrame) -> pd.DataFrame:
    """What choosing among all subsets reaches when only the revealed rows are seen, by cell: mean, se."""
    rows = frame[frame["strategy"] == "exhaustive"]
    last = rows.assign(share=[float(curve.rsplit(":", 1)[1]) for curve in rows["curve"]])
    by_cell = last.groupby(CELL, sort=False)["share"]
    return pd.DataFrame({"share": by_cell.mean(), "se": by_cell.sem()}).reset_index()


def coverage(frame: pd.DataFrame) -> pd.DataFrame:
    """Mean coverage of 90% intervals by table, scoring and strategy whose runs were learned from, with its se."""
    rows = frame[frame["cells"] > 0]
    grouped = rows.groupby(["table", "scoring", "strategy"], sort=False)
    return grouped.agg(
        runs=("coverage_runs", "mean"),
        runs_se=("coverage_runs", "sem"),
        values=("coverage_values", "mean"),
        values_se=("coverage_values", "sem"),
        differences=("coverage_differences", "mean"),
        differences_se=("coverage_differences", "sem"),
        cells=("cells", "mean"),
    ).reset_index()


def optimism(frame: pd.DataFrame) -> pd.DataFrame:
    """Mean of predicted minus realised by table, scoring and strategy: as a share and in the table's units."""
    rows = frame[frame["strategy"].isin(COMPARED)]
    surplus = rows["predicted"] - rows["realised"]
    rows = rows.assign(share=surplus, absolute=surplus * rows["gap"])
    grouped = rows.groupby(["table", "scoring", "strategy"], sort=False)
    return grouped.agg(
        share=("share", "mean"), se=("share", "sem"), absolute=("absolute", "mean"), n=("share", "count")
    ).reset_index()


def reliability(readme: Path) -> dict[str, float]:
    """Correlation between halves of the seeds within targets, by table, from the page of the tables."""
    if not readme.exists():
        return {}
    found: dict[str, float] = {}
    columns: list[str] = []
    for line in readme.read_text(encoding="utf-8").splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if "halves r" in cells:
            columns = cells
        elif columns and line.startswith("| ["):
            found[cells[0].split("]")[0].strip("[")] = float(cells[columns.index("halves r") + 1])
        elif columns and not line.startswith("|"):
            break
    return found
