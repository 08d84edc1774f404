"""Searches of the same sets in several ways at the same number of runs: what each recommends is worth.

Each set is searched several times, every time with other test rows and other seeds. What counts is the confirmed
gain of the recommendation: test rows, fresh seeds, nothing chosen by them.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

import taskgroup as tg
from benchmarks.tables import TABLES, Table, source_of
from taskgroup.spec import Study

SETS = ("digits_fifth", "emotions", "wq_a", "sarcos", "tox21_a")


@dataclass(frozen=True)
class Comparison:
    """What is compared.

    Attributes:
        name: Of the table of results, and of its folder in `reports`.
        searches: For each search its settings in the section `search`; the others are compared with the first.
        runs: The budgets, by name.
        settings: What all searches have in their section `search`.
        page: Writes the report from the table of results.
    """

    name: str
    searches: Mapping[str, Mapping[str, Any]]
    runs: Mapping[str, int]
    settings: Mapping[str, Any]
    page: Callable[[pd.DataFrame], str]


def compare(comparison: Comparison, about: str) -> int:
    """Search every set in every way and write the page."""
    parser = argparse.ArgumentParser(description=about.splitlines()[0])
    parser.add_argument("sets", nargs="*", metavar="SET", help=f"of {', '.join(SETS)}; all by default")
    parser.add_argument("--data", type=Path)
    parser.add_argument("--seeds", type=int, default=6)
    parser.add_argument("-o", "--output", type=Path, default=Path("reports") / comparison.name)
    options = parser.parse_args()
    options.output.mkdir(parents=True, exist_ok=True)
    path = options.output / f"{comparison.name}.csv"
    rows = pd.read_csv(path).to_dict("records") if path.is_file() else []
    tables = [table for table in TABLES if table.name in (options.sets or SETS)]
    with tempfile.TemporaryDirectory() as folder:
        sources = {table.name: _source(table, options.data, Path(folder) / table.name) for table in tables}
        for seed in range(options.seeds):
            for table in tables:
                source = sources[table.name]
                known = {(r["set"], r["seed"]) for r in rows}
                if source is None or (table.name, seed) in known:
                    continue
                rows += _searched(comparison, table, source, seed)
                pd.DataFrame(rows).to_csv(path, index=False)
                sys.stderr.write(f"{table.name}, seed {seed}\n")
    (options.output / "README.md").write_text(comparison.page(pd.DataFrame(rows)), encoding="utf-8")
    return 0


def _source(table: Table, data: Path | None, folder: Path) -> str | None:
    folder.mkdir()
    return source_of(table, data, folder)


def _searched(comparison: Comparison, table: Table, source: str, seed: int) -> list[dict[str, Any]]:
    """One row a kind of search and budget."""
    rows = []
    for budget, runs in comparison.runs.items():
        for name, settings in comparison.searches.items():
            started = time.process_time()
            study = _study(table, source, seed, {**comparison.settings, "runs": runs, **settings})
            result = tg.search(study, storage="sqlite://")
            found = result.recommendation
            assert found.gain is not None
            joint = [n for n in found.networks if len(n.subset) > 1]
            rows.append(
                {
                    "set": table.name,
                    "seed": seed,
                    "budget": budget,
                    "search": name,
                    "gain": found.gain,
                    "all_in_one": found.baseline_gains["all_in_one"],
                    "runs": int(result.runs["run_id"].nunique()),
                    "ways": len(
                        {(n.sharing, n.weighting, n.hyperparameters.get("distillation")) for n in joint}
                    ),
                    "recommended": "; ".join(_in_words(network) for network in joint),
                    "correlation": _correlation(result.outcome.notes),
                    "cpu_seconds": time.process_time() - started,
                }
            )
    return rows


def _in_words(network: Any) -> str:
    taught = network.hyperparameters.get("distillation")
    return f"{network.sharing.kind} {network.sharing.depth} {network.weighting}" + (
        f" {taught}" if taught else ""
    )


def _study(table: Table, source: str, seed: int, settings: Mapping[str, Any]) -> Study:
    document = table.study(source).document()
    document["seed"] = seed
    document["search"] |= settings
    document["grouping"] |= {"max_groups": 3}
    return Study.model_validate(document)


def _correlation(notes: tuple[str, ...]) -> float:
    said = [note.split("correlation of ")[1] for note in notes if "correlation of " in note]
    return float(said[0].split(",")[0]) if said else float("nan")


def gain_table(measured: pd.DataFrame, runs: Mapping[str, int], searches: Mapping[str, Any]) -> pd.DataFrame:
    """The mean gain of every search, with its interval over searches."""
    rows = []
    for (name, budget), own in measured.groupby(["set", "budget"], sort=False):
        row = {"set": name, "runs at most": runs[str(budget)], "searches": own["seed"].nunique()}
        row["one network for all"] = f"{100 * own['all_in_one'].mean():+.1f}"
        for search in searches:
            row[search] = interval(own[own["search"] == search]["gain"].to_numpy())
        rows.append(row)
    return pd.DataFrame(rows)


def difference_table(
    measured: pd.DataFrame, runs: Mapping[str, int], searches: Mapping[str, Any]
) -> pd.DataFrame:
    """The other searches' gains less the first one's, paired."""
    rows = []
    first, *others = searches
    for (name, budget), own in measured.groupby(["set", "budget"], sort=False):
        gain = own.pivot_table(index="seed", columns="search", values="gain")
        row = {"set": name, "runs at most": runs[str(budget)]}
        row |= {other: interval((gain[other] - gain[first]).to_numpy()) for other in others}
        rows.append(row)
    return pd.DataFrame(rows)


def verdict(measured: pd.DataFrame, searches: Mapping[str, Any]) -> str:
    """In how many rows each search differs from the first by more than its interval."""
    first, *others = searches
    gain = measured.pivot_table(index=["set", "budget", "seed"], columns="search", values="gain")
    told = []
    for other in others:
        apart = (gain[other] - gain[first]).groupby(level=["set", "budget"])
        half = stats.t.ppf(0.975, apart.count() - 1) * apart.std() / np.sqrt(apart.count())
        better, worse = ((sign * apart.mean() > half).sum() for sign in (1, -1))
        told.append(
            f"*{other}*: better beyond the interval in {better} of {len(half)} rows, worse in {worse}."
        )
    return " ".join(told)


def effort_table(measured: pd.DataFrame) -> pd.DataFrame:
    """What the searches did, on average."""
    by = measured.groupby(["set", "budget", "search"], sort=False)
    table = by[["runs", "ways", "correlation", "cpu_seconds"]].mean().round(2).reset_index()
    return table.astype(object).where(table.notna(), "—")


def interval(values: np.ndarray, *, star: bool = False) -> str:
    """A mean in percent with its 95% interval, starred where that leaves out zero."""
    mean = 100 * values.mean()
    if len(values) < 2:
        return f"{mean:+.1f}"
    half = 100 * stats.t.ppf(0.975, len(values) - 1) * values.std(ddof=1) / np.sqrt(len(values))
    marked = star and abs(mean) > half
    return f"{mean:+.1f} [{mean - half:+.1f}, {mean + half:+.1f}]" + (" *" if marked else "")


def markdown(table: pd.DataFrame) -> str:
    """A table in Markdown."""
    lines = [table.columns.tolist(), ["---"] * table.shape[1], *table.to_numpy().tolist()]
    return "\n".join("| " + " | ".join(map(str, line)) + " |" for line in lines)
