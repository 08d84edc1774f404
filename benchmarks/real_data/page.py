"""One page a data set, and one table of all."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from benchmarks.process_use import ProcessUse
from benchmarks.real_data.cases import CASES, Case
from taskgroup.search import Outcome
from taskgroup.transfer import FLAG_LEVEL

_NOTES = "<!-- Written by hand from here on. -->"
_LISTED_TASKS = 14


def write_page(path: Path, generated: str) -> None:
    """Write a page, and keep what was written by hand at its end."""
    notes = path.read_text().partition(_NOTES)[2] if path.exists() else "\n"
    path.write_text(f"{generated.rstrip()}\n\n{_NOTES}{notes}")


def figures_of(outcome: Outcome, use: ProcessUse, n_workers: int) -> dict[str, Any]:
    """The figures of a set that stand in the table of all."""
    best = outcome.recommendation
    return {
        "tasks": len(outcome.study.tasks),
        "runs": int(outcome.runs["run_id"].nunique()),
        "workers": n_workers,
        "wall_seconds": round(use.wall_seconds, 1),
        "cpu_seconds": round(use.cpu_seconds, 1),
        "peak_megabytes": round(use.peak_megabytes),
        "load": round(use.load, 1),
        "networks": [list(network.serves) for network in best.networks],
        "versus": {name: dict(values) for name, values in best.versus.items()},
        "hurt": len(outcome.negative_transfer),
        "helped": int((_sure(outcome) & (outcome.transfer["gain"] > 0)).sum()),
        "combinations": len(outcome.transfer),
    }


def set_page(case: Case, outcome: Outcome, figures: Mapping[str, Any], untuned: str) -> str:
    """What was found in one set."""
    best, pairs = outcome.recommendation, outcome.affinity.table()
    sure = pairs[pairs["q_value"] < FLAG_LEVEL]
    correlation = outcome.rank_correlation
    search = yaml.safe_dump(outcome.study.search.model_dump(mode="json"), default_flow_style=True, width=9999)
    workers = "one thread" if figures["workers"] == 1 else f"{figures['workers']} workers of one thread"
    return f"""# {case.name}

{figures["tasks"]} tasks; `python -m benchmarks.real_data --data FOLDER {case.name}`; search settings:
`{search.strip()}`, others in `benchmarks/real_data/cases.py`.

{untuned}From the table to the report: {figures["runs"]} runs in {figures["wall_seconds"]:.0f} s
({figures["cpu_seconds"]:.0f} s of CPU), {workers}, at most {figures["peak_megabytes"]:,} MB in all processes together; load
average {figures["load"]} on two cores.

* Expected: {case.expected}.
* Pairs (ordered, q < 0.05): {int((sure["gain"] > 0).sum())} help, {int((sure["gain"] < 0).sum())} hurt, of {len(pairs)}.
* All measured (target, subset) combinations: {figures["helped"]} help, {figures["hurt"]} hurt, of {figures["combinations"]}.
* Pair-based prediction against measured larger subsets: rank correlation {"not measured" if correlation is None else f"{correlation:.2f}"}.
* Recommended ({best.cost:.3g} network equivalents):
{_networks(outcome)}
* Test rows, fresh seeds: {_interval(best.versus["single_task"])} against single tasks,
  {_interval(best.versus["all_in_one"])} against all in one.
* In words: {best.verdict}
{_notes(outcome)}
{_by_task(outcome)}
![Who helps whom](affinity.png)
"""


def table_of_all(folder: Path) -> str:
    """The table of all sets that were searched."""
    rows = []
    for case in CASES:
        path = folder / case.name / "figures.json"
        if path.exists():
            rows.append(_row(case, json.loads(path.read_text())))
    return "\n".join(
        [
            "# Searches of real data",
            "",
            "`python -m benchmarks.real_data --data FOLDER [SET ...]`; FOLDER holds the tables, which do not ship.",
            "Times are from the table to the report, CPU and memory of all processes together. Gains are the mean",
            "relative reduction of the error on test rows, on seeds that nothing was chosen by, with 95% intervals.",
            "Flags: (target, subset) combinations that lose at q < 0.05, of all that were measured.",
            "",
            "| set | tasks | runs | wall s | CPU s | MB | load | networks | over single tasks | over all in one | flags |",
            "|---|---:|---:|---:|---:|---:|---:|---|---|---|---:|",
            *rows,
        ]
    )


def _row(case: Case, figures: Mapping[str, Any]) -> str:
    n_networks = len(figures["networks"])
    networks = "all in one" if n_networks == 1 else f"{n_networks}"
    if n_networks == figures["tasks"]:
        networks = "single tasks"
    workers = " (2 workers)" if figures["workers"] == 2 else ""
    single, joint = (_interval(figures["versus"][name]) for name in ("single_task", "all_in_one"))
    cells = [
        f"[{case.name}]({case.name}/README.md)",
        figures["tasks"],
        f"{figures['runs']:,}",
        f"{figures['wall_seconds']:.0f}{workers}",
        f"{figures['cpu_seconds']:.0f}",
        f"{figures['peak_megabytes']:,}",
        figures["load"],
        networks,
        single,
        "–" if networks == "all in one" else joint,
        f"{figures['hurt']} of {figures['combinations']:,}",
    ]
    return "| " + " | ".join(map(str, cells)) + " |"


def _sure(outcome: Outcome) -> Any:
    return outcome.transfer["q_value"] < FLAG_LEVEL


def _networks(outcome: Outcome) -> str:
    lines = []
    for network in outcome.recommendation.networks:
        beside = [task for task in network.subset if task not in network.serves]
        trained = f" (trained with {', '.join(beside)})" if beside else ""
        lines.append(f"   * {', '.join(network.serves)}{trained}")
    return "\n".join(lines)


def _notes(outcome: Outcome) -> str:
    return "".join(f"* Note: {note}\n" for note in outcome.notes)


def _by_task(outcome: Outcome) -> str:
    """Gains of each task in one network for all, where there are few enough to list."""
    gains = outcome.task_gains
    joint = gains[gains["strategy"] == "all_in_one"]
    n_up = int((joint["gain"] > 0).sum())
    title = f"One network for all against single tasks, test rows, fresh seeds: {n_up} up, {len(joint) - n_up} down.\n"
    if len(joint) > _LISTED_TASKS:
        return title
    rows = [f"| {row.task} | {_interval(row._asdict())} |" for row in joint.itertuples(index=False)]
    return "\n".join([title, "| task | gain |", "|---|---|", *rows]) + "\n"


def _interval(advantage: Mapping[str, Any]) -> str:
    return f"{advantage['gain']:+.1%} [{advantage['low']:+.1%}, {advantage['high']:+.1%}]"
