"""Linear models of all tasks against networks on public sets: is a network needed, and do tasks help a line?"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path
from typing import Any

import taskgroup as tg
from benchmarks.machine import machine_facts
from benchmarks.real_data.cases import CASES, study_of
from benchmarks.report import Report, Table
from taskgroup.search import LinearComparison
from taskgroup.spec import Study, parse_study

SETS = {"landmine": 420, "sarcos": 160, "wq": 260, "emotions": 160, "digits": 160}
"""Runs of each search: enough to tune and confirm, and for a few groups."""

_SEEDS = {"seeds": 2, "confirm_seeds": 5, "time": None, "linear": True}
_TEXT = (
    "Small searches with the linear models that every search fits at its end, on the rows, seeds and metrics of "
    "the confirmation. A gain is the share of the error of single-task networks (tuned, same seeds) that goes "
    "away, mean over the tasks on test rows, with a 95% interval over five seeds. Strengths are chosen on "
    "validation rows, among at most twelve a method; nothing is fitted again with these.",
)


def linear(data: Path, runs: dict[str, int] | None = None) -> Report:
    """Search each set and compare.

    Args:
        data: The folder with the tables.
        runs: Trainings of each set's search.
    """
    runs = runs or SETS
    found = {name: _searched(_small(name, data, n)) for name, n in runs.items()}
    return Report(
        name="index",
        title="Is a network needed?",
        text=_TEXT,
        tables=[_gains(found), _over_ridge(found), _verdicts(found), _clusters(found)],
        facts=machine_facts(),
        raw={
            name: {**compared.document(), "seconds": seconds} for name, (compared, seconds) in found.items()
        },
    )


def _small(name: str, data: Path, n_runs: int) -> Study:
    (case,) = [case for case in CASES if case.name == name]
    document = study_of(case, data).document()
    document["search"] |= {**_SEEDS, "runs": n_runs}
    return parse_study(document)


def _searched(study: Study) -> tuple[LinearComparison, float]:
    started = time.perf_counter()
    compared = tg.search(study).linear
    seconds = time.perf_counter() - started
    print(study.name, f"{seconds:.0f} s", compared.verdict, flush=True)
    return compared, seconds


Found = dict[str, tuple[LinearComparison, float]]


def _gains(found: Found) -> Table:
    return _by_method("Gain over single-task networks", found, ("gain", "low", "high"))


def _over_ridge(found: Found) -> Table:
    columns = ("over_ridge", "over_ridge_low", "over_ridge_high")
    return _by_method("Gain over ridge alone", found, columns, without="ridge_alone")


def _by_method(title: str, found: Found, columns: tuple[str, ...], without: str = "") -> Table:
    methods = dict.fromkeys(m for compared, _ in found.values() for m in compared.gains["method"])
    rows = [
        [method, *(_cell(compared, method, columns) for compared, _ in found.values())]
        for method in methods
        if method != without
    ]
    return Table(title, ["method", *found], rows)


def _cell(compared: LinearComparison, method: str, columns: tuple[str, ...]) -> str:
    row = compared.gains[compared.gains["method"] == method]
    if row.empty:
        return "not used"
    gain, low, high = (f"{float(row[column].iloc[0]):+.1%}" for column in columns)
    return f"{gain} [{low}, {high}]"


def _verdicts(found: Found) -> Table:
    rows = [[name, *_verdict(compared)] for name, (compared, _) in found.items()]
    columns = [
        "set",
        "best linear",
        "it is",
        "advantage of the recommended networks",
        "tasks it is better for",
    ]
    return Table("The recommended networks against the best linear model", columns, rows)


def _clusters(found: Found) -> Table:
    rows = [
        [name, "; ".join(", ".join(cluster) for cluster in compared.clusters) or "–"]
        for name, (compared, _) in found.items()
    ]
    return Table("Clusters that the clustered model found at most seeds", ["set", "clusters"], rows)


def _verdict(compared: LinearComparison) -> list[Any]:
    gap = compared.advantage
    if gap is None:
        return ["–", compared.skipped or "–", "–", "–"]
    advantage = f"{gap.gain:+.1%} [{gap.low:+.1%}, {gap.high:+.1%}]"
    return [compared.best, compared.standing, advantage, ", ".join(compared.better_tasks) or "–"]


def main() -> None:
    """Read the command line, search and write."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.linear", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="the folder with the tables")
    parser.add_argument("-o", "--output", type=Path, default=Path("reports/linear"))
    options = parser.parse_args()
    report = linear(options.data)
    command = "python -m benchmarks.linear --data FOLDER"
    report.write(options.output, command)
    print(json.dumps(report.facts))


if __name__ == "__main__":
    main()
