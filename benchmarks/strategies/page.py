"""The page of results: tables in Markdown, figures, and the comparisons as CSV, all from the record."""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from benchmarks.report import Table
from benchmarks.strategies.cases import MEASURED_FOLDER, SCORINGS, Budgets, known_cases
from benchmarks.strategies.figures import draw_curves, draw_promises
from benchmarks.strategies.record import Record
from benchmarks.strategies.simulators import N_CANDIDATES, N_REPETITIONS, NOISE_SHARE
from benchmarks.strategies.summary import (
    CELL,
    COMPARED,
    CROSSED,
    RELIABLE,
    comparison,
    coverage,
    losses,
    optimism,
    over_tables,
    references,
    reliability,
    shares,
)

_DASH = "—"


def write_page(record: Record, folder: Path) -> None:
    """Write README.md, comparison.csv and the figures."""
    frame = record.frame()
    frame = frame[frame["table"].isin(known_cases(frame["table"]))]
    if frame.empty:
        return
    compared = comparison(shares(frame))
    compared.to_csv(folder / "comparison.csv", index=False, float_format="%.4g", lineterminator="\n")
    parts = [
        _METHOD,
        _run_facts(frame),
        "## All tables",
        _SUMMARY,
        _summary_tables(compared),
        "## Where `active` is worse than the best other strategy",
        _losses(compared),
        "## Each table",
        _details(compared, frame),
        "## Figures",
        _figures(frame, folder),
        "## Calibration",
        _calibration(frame),
        "## Predicted and realised value of the recommendation",
        _optimism(frame, folder),
    ]
    (folder / "README.md").write_text("\n\n".join(part for part in parts if part) + "\n", encoding="utf-8")


_METHOD = f"""# Search strategies compared by replay

A replay reveals rows of a table of measured groupings only as a strategy asks for them; after each run the grouping
that the strategy would recommend is scored. Nothing is trained. Written by `python -m benchmarks.strategies page` from
`results.csv`, which the command below fills.

- **share**: of the achievable gain. 0 is all tasks in one network; 1 is the best grouping with at most so many networks
  by the scores themselves. It is negative where a recommendation is worse than one network for all.
- **self**: validation values averaged over all seeds, chosen and scored on the same numbers, no noise.
- **held out**: strategies see the mean of 2 validation rows of each subset that they ask for and are scored by the test
  values averaged over all seeds; 1 is the best grouping by these test means, which no strategy can know. The published
  tables have 1 row a subset. Several tables are limited by noise: *reliability* is the correlation between halves of
  their seeds within targets (`reports/tables/README.md`); near 0, a replay compares strategies on noise.
- **budgets** count distinct subsets. Single tasks and all-in-one (n + 1) come first in every replay, so that
  n(n-1)/2 + n subsets (`pairs`) lack one pair and one more (`all pairs`) has them all; `twice` is twice the first.
- each replay has a task order of its own, and its own rows and draws, the same for all strategies. Simulated
  tables are drawn anew for each replay.
- **difference**: `active` minus the other strategy with the highest mean in that cell, paired over replays, with its
  95% interval. The other is picked with the same replays, which favours it.
- **design** tables: emotions, sarcos, tox21_a, wq_a, digits_fifth, the first published setting, simulators of 6 tasks.
  Constants of the tool were looked at on these only. **left-out** tables: the others that were measured.
- **large**: simulators of 20, 27 and 40 tasks with about {N_CANDIDATES:,} candidate subsets: singles, pairs, all-in-one,
  good groups with their unions and neighbours, random ones. `active` is replayed up to 2/5 of the pairs' budget.
- simulators: *groups* (planted groups, saturating help inside, harm across), *latent* (similar tasks help, opposite
  ones harm, capacity is shared), *pairs* (the mean of pairs, in which HOA is exact), *sources* (a task helps or harms
  all), *interactions* (two sources together are not their sum). Held out, {N_REPETITIONS} rows with noise of {NOISE_SHARE} times
  the standard deviation of the gains, scored by the gains without it.

```
python -m benchmarks.strategies --tables FOLDER --workers 2   # measures what results.csv lacks, then writes this page
python -m benchmarks.strategies --only emotions --strategies active --fresh
python -m benchmarks.strategies page
```

FOLDER holds `standley2020_setting1.csv` and `standley2020_setting2.csv`; without `--tables` they are left out."""

_SUMMARY = """Means over tables of each table's mean share, networks 2 to 4 together and then apart. The difference is to the best
other strategy *of each cell*, its interval over tables; *better* and *worse* count cells (table × networks) whose
interval over replays excludes zero; one in forty does so on either side where nothing differs."""


def _run_facts(frame: pd.DataFrame) -> str:
    hours = frame["seconds"].sum() / 3600
    versions = ", ".join(f"`{code}` ({n:,})" for code, n in frame["code"].value_counts().items())
    return (
        f"{len(frame):,} replays in {hours:.1f} h of processor time, by version of the search code: {versions}. "
        f"Replays a cell: {_replays(frame)}."
    )


def _replays(frame: pd.DataFrame) -> str:
    cases = known_cases(frame["table"])
    n = frame.groupby([*CELL, "strategy"])["seed"].count().reset_index()
    large = n["table"].map(lambda name: cases[name].is_large)
    words = [
        f"{part['seed'].min()}–{part['seed'].max()} ({name})"
        for name, part in (("tables of up to 8 tasks", n[~large]), ("large", n[large]))
        if len(part)
    ]
    return ", ".join(words)


def _summary_tables(compared: pd.DataFrame) -> str:
    small = compared[compared["part"] != "large"]
    sets = [small, _reliable(small).assign(part=f"reliability ≥ {RELIABLE}")]
    rows = pd.concat(sets, ignore_index=True)
    parts = []
    if len(rows):
        every = over_tables(rows, ["part", "scoring", "budget"])
        apart = over_tables(rows[rows["budget"] == "pairs"], ["part", "scoring", "networks"])
        parts += [_markdown("Networks 2 to 4 together", every, ["part", "scoring", "budget"])]
        parts += [_markdown("By networks, at the budget `pairs`", apart, ["part", "scoring", "networks"])]
    large = compared[compared["part"] == "large"]
    if len(large):
        by_size = over_tables(large, ["n_tasks", "budget"])
        parts += [_markdown("Large simulators, held out", by_size, ["n_tasks", "budget"])]
    return "\n\n".join(parts)


def _reliable(small: pd.DataFrame) -> pd.DataFrame:
    known = reliability(MEASURED_FOLDER / "README.md")
    return small[small["table"].map(lambda name: known.get(name, -1.0) >= RELIABLE)]


def _markdown(title: str, rows: pd.DataFrame, by: Sequence[str]) -> str:
    if rows.empty:
        return ""
    columns = [*by, "tables", *COMPARED, "difference", "95% over tables", "better", "worse", "cells"]
    lines = [
        [
            *(str(row[name]) for name in by),
            str(row["tables"]),
            *(_two(row[name]) for name in COMPARED),
            _signed(row["difference"]),
            _range(row),
            str(row["better"]),
            str(row["worse"]),
            str(row["cells"]),
        ]
        for row in rows.to_dict("records")
    ]
    return Table(title, columns, lines).markdown().replace("## ", "### ", 1)


def _losses(compared: pd.DataFrame) -> str:
    judged = compared[compared["difference"].notna()]
    worse = losses(judged)
    text = (
        f"{len(worse)} of {len(judged)} cells (table × scoring × networks × budget) have an interval below zero; "
        f"{int((judged['low'] > 1e-9).sum())} have one above."
    )
    if worse.empty:
        return text
    columns = [
        "table",
        "scoring",
        "networks",
        "budget",
        "runs",
        "active",
        "best other",
        "difference",
        "95%",
        "score",
    ]
    rows = [
        [
            *(str(row[name]) for name in (*CELL, "budget", "runs")),
            _two(row["active"]),
            f"{row['best']} {_two(row[row['best']])}",
            _signed(row["difference"]),
            _range(row),
            f"{row['absolute']:+.2g}",
        ]
        for row in worse.to_dict("records")
    ]
    table = Table("", columns, rows).markdown().split("\n", 2)[2]
    return f"{text} *score*: the difference in the table's own units, mean over tasks.\n\n{table}"


def _details(compared: pd.DataFrame, frame: pd.DataFrame) -> str:
    known = reliability(MEASURED_FOLDER / "README.md")
    whole = references(frame).set_index(CELL)["share"]
    cases = known_cases(compared["table"])
    budgets = {name: Budgets.of_case(case).main for name, case in cases.items()}
    main = compared[compared["budget"] == compared["table"].map(budgets)]
    parts = [
        "Mean share ± standard error at the budget `pairs` (2/5 of it on large tables); all budgets stand in "
        "`comparison.csv`. *All rows*: what choosing among all subsets reaches when it sees as many rows of each. "
        "*Score*: the difference in the table's own units, mean over tasks."
    ]
    for scoring in SCORINGS:
        rows = main[main["scoring"] == scoring]
        if rows.empty:
            continue
        columns = [
            "table",
            "reliability",
            "networks",
            "subsets",
            *COMPARED,
            "all rows",
            "difference",
            "95%",
            "score",
        ]
        lines = [
            [
                str(row["table"]),
                f"{known[row['table']]:.2f}" if row["table"] in known else _DASH,
                str(row["networks"]),
                str(row["runs"]),
                *(f"{_two(row[name])} ± {_two(row[f'{name}_se'])}" for name in COMPARED),
                _two(whole.get((row["table"], scoring, row["networks"]), math.nan)),
                f"{_signed(row['difference'])} ({row['best']})",
                _range(row),
                f"{row['absolute']:+.2g}",
            ]
            for row in rows.to_dict("records")
        ]
        words = "Self" if scoring == "self" else "Held out"
        parts.append(Table(words, columns, lines).markdown().replace("## ", "### ", 1))
    crossed = _crossed(compared)
    return "\n\n".join([*parts, crossed] if crossed else parts)


def _crossed(compared: pd.DataFrame) -> str:
    rows = compared[compared["budget"] == CROSSED]
    if rows.empty:
        return ""
    columns = ["table", "networks", *COMPARED, "difference", "95%"]
    lines = [
        [
            str(row["table"]),
            str(row["networks"]),
            *(f"{_two(row[name])} ± {_two(row[f'{name}_se'])}" for name in COMPARED),
            f"{_signed(row['difference'])} ({row['best']})",
            _range(row),
        ]
        for row in rows.to_dict("records")
    ]
    title = "Large: `active` at 2/5 of the budget, the others with all pairs"
    return Table(title, columns, lines).markdown().replace("## ", "### ", 1)


def _figures(frame: pd.DataFrame, folder: Path) -> str:
    cases = known_cases(frame["table"])
    large = frame["table"].map(lambda name: cases[name].is_large)
    links = []
    for networks in sorted(frame["networks"].unique()):
        for scoring, is_large in (("self", False), ("held out", False), ("held out", True)):
            rows = frame[
                (frame["networks"] == networks) & (frame["scoring"] == scoring) & (large == is_large)
            ]
            if rows.empty:
                continue
            words = f"{'large, ' if is_large else ''}{scoring}, at most {networks} networks"
            name = f"{'large_' if is_large else ''}{scoring.replace(' ', '_')}_{networks}.png"
            draw_curves(rows, folder / name, words)
            links.append(f"![{words}]({name})")
    text = (
        "Mean share against distinct subsets, with the 95% band of the mean over replays; grey lines are the budgets. "
        "Panels differ in their lower end; shares below -2.5 lie outside."
    )
    return "\n\n".join([text, *links])


def _calibration(frame: pd.DataFrame) -> str:
    found = coverage(frame)
    if found.empty:
        return ""
    text = (
        "Coverage of the surrogate's 90% intervals (200 posterior draws) on cells that were not measured, at the budget "
        "`pairs` (2/5 of it on large tables), after the runs of `active` and after those of `random`. *Run*: what "
        "measuring the subset would show, the posterior's noise added. *Value*: the value that is scored, without that "
        "noise; — where it stands on test rows. *Difference*: what a run at seeds that were not shown says of a subset "
        "beside the mean over the unmeasured subsets, which is what a choice between them rests on; what a seed does "
        "to all subsets alike cancels."
    )
    columns = ["table", "scoring", "runs of", "cells", "run", "value", "difference"]
    rows = [
        [
            *(str(row[name]) for name in ("table", "scoring", "strategy")),
            f"{row['cells']:.0f}",
            _with_error(row["runs"], row["runs_se"]),
            _with_error(row["values"], row["values_se"]),
            _with_error(row["differences"], row["differences_se"]),
        ]
        for row in found.sort_values(["scoring", "table", "strategy"], ascending=[False, True, True]).to_dict(
            "records"
        )
    ]
    table = Table("", columns, rows).markdown().split("\n", 2)[2]
    mean = (
        found.groupby(["scoring", "strategy"], sort=False)[["runs", "values", "differences"]]
        .mean()
        .reset_index()
    )
    words = "; ".join(
        f"{row['scoring']}, runs of {row['strategy']}: run {_two(row['runs'])}, "
        f"value {_two(row['values'])}, difference {_two(row['differences'])}"
        for row in mean.to_dict("records")
    )
    return f"{text}\n\nMeans over tables: {words}.\n\n{table}"


def _optimism(frame: pd.DataFrame, folder: Path) -> str:
    draw_promises(frame, folder / "promises.png")
    found = optimism(frame)
    by_cell = {(row["table"], row["scoring"], row["strategy"]): row for row in found.to_dict("records")}
    text = (
        "What a strategy expects of the grouping that it recommends, minus what this grouping is worth, at the same "
        "budget: above zero is optimism. `active` and `hoa` expect by their model, `pairs` and `random` what they "
        "measured. Held out, the worth is that of the test rows, each task moved by the mean difference between its "
        "validation and test scores over all subsets. Self has no noise, so that `random` and `pairs` are exact "
        "there. Shares, mean ± standard error; in brackets the table's own units."
    )
    rows = []
    for table, scoring in dict.fromkeys(zip(found["table"], found["scoring"], strict=True)):
        cells = [by_cell.get((table, scoring, strategy)) for strategy in COMPARED]
        shown = [
            _DASH if c is None else f"{_signed(c['share'])} ± {_two(c['se'])} ({c['absolute']:+.2g})"
            for c in cells
        ]
        rows.append([scoring, table, *shown])
    rows.sort(key=lambda row: row[0], reverse=True)
    table = Table("", ["scoring", "table", *COMPARED], rows).markdown().split("\n", 2)[2]
    return f"{text}\n\n![predicted and realised](promises.png)\n\n{table}"


def _two(value: float) -> str:
    return _DASH if math.isnan(value) else f"{value:.2f}"


def _signed(value: float) -> str:
    return _DASH if math.isnan(value) else f"{value:+.2f}"


def _range(row: Mapping[Hashable, Any]) -> str:
    return _DASH if math.isnan(row["low"]) else f"{row['low']:+.2f} to {row['high']:+.2f}"


def _with_error(value: float, error: float) -> str:
    return _DASH if math.isnan(value) else f"{value:.2f} ± {_two(error)}"
