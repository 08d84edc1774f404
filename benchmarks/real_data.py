"""Search digits and public data sets, and write what was found.

Run from the repository root: `python -m benchmarks.real_data --data FOLDER [-o FOLDER] [SET ...]`. FOLDER holds
emotions.parquet, wq.parquet and sarcos.parquet, each with its targets in the columns `y_*`, and landmine.parquet,
whose column `task` says which task a row belongs to; digits needs none.

For each set: exactly all pairs and all-in-one with untuned settings (`tg.measure`), then the full search.
"""

from __future__ import annotations

import argparse
import itertools
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import yaml

import taskgroup as tg
from taskgroup.reporting import write_report
from taskgroup.spec import Study, parse_study
from taskgroup.transfer import FLAG_LEVEL


@dataclass(frozen=True)
class Case:
    """A data set to search.

    Attributes:
        name: Of the study.
        file: Its table; None for a study that ships.
        kind: Of all its tasks.
        settings: Sections of the study file that differ from the common ones.
        task_column: Where every task has rows of its own, the column that says whose; labels are in `y`.
    """

    name: str
    file: str | None
    kind: str = "regression"
    settings: tuple[tuple[str, Any], ...] = ()
    task_column: str | None = None


CASES = (
    Case("digits", None),
    Case("emotions", "emotions.parquet", "binary"),
    Case("wq", "wq.parquet", settings=(("search", {"runs": 900, "seeds": 3}),)),
    Case("sarcos", "sarcos.parquet"),
    Case("sarcos_fifth", "sarcos.parquet", settings=(("split", {"train_fraction": 0.2}),)),
    Case(
        "landmine",
        "landmine.parquet",
        "binary",
        settings=(("search", {"runs": 1500, "seeds": 3}),),
        task_column="task",
    ),
)


def main() -> int:
    """Search every case and write a page for each, and an index."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("sets", nargs="*", metavar="SET", help="all by default")
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("-o", "--output", type=Path, default=Path("reports/real_data"))
    options = parser.parse_args()
    for case in CASES:
        if not options.sets or case.name in options.sets:
            section = _section(case, options.data, options.output)
            (options.output / case.name).mkdir(parents=True, exist_ok=True)
            (options.output / case.name / "README.md").write_text(section)
            print(section, flush=True)
    return 0


def study_of(case: Case, data: Path) -> Study:
    """The study of a case."""
    if case.file is None:
        return tg.load_study(f"studies/{case.name}.yaml")
    settings = dict(case.settings)
    document = {
        "name": case.name,
        "data": {
            "source": str((data / case.file).resolve()),
            "split": settings.get("split", {}),
            "task_column": case.task_column,
        },
        "tasks": _tasks(case, pd.read_parquet(data / case.file)),
        "model": {"widths": [64, 64]},
        "search": {"sharing": {"depth": [1, 2]}, **settings.get("search", {"runs": 700, "seeds": 5})},
        "grouping": {"max_groups": 3},
    }
    return parse_study(document)


def _tasks(case: Case, table: pd.DataFrame) -> list[dict[str, Any]]:
    if case.task_column is None:
        return [{"name": c[2:], "target": c, "kind": case.kind} for c in table if c.startswith("y_")]
    marks = sorted(table[case.task_column].unique().tolist())
    return [{"name": f"{mark}", "target": "y", "kind": case.kind} for mark in marks]


def _section(case: Case, data: Path, output: Path) -> str:
    study = study_of(case, data)
    untuned = _untuned(study)
    started, cpu = time.perf_counter(), time.process_time()
    outcome = tg.search(study).outcome
    seconds, cpu = time.perf_counter() - started, time.process_time() - cpu
    write_report(outcome, output / case.name)
    best = outcome.recommendation
    positive = outcome.transfer[(outcome.transfer["gain"] > 0) & (outcome.transfer["q_value"] < FLAG_LEVEL)]
    pairs = outcome.affinity.table()
    sure = pairs[pairs["q_value"] < FLAG_LEVEL]
    correlation = outcome.rank_correlation
    networks = "\n".join(
        f"   * {', '.join(n.serves)}"
        + (
            f" (trained with {', '.join(sorted(set(n.subset) - set(n.serves)))})"
            if n.serves != n.subset
            else ""
        )
        for n in best.networks
    )
    return f"""# {case.name}

{len(study.tasks)} tasks; `python -m benchmarks.real_data --data FOLDER {case.name}`; study settings:
`{yaml.safe_dump(study.search.model_dump(mode="json"), default_flow_style=True).strip()}`.

{untuned}

Searched, tuned: {outcome.runs["run_id"].nunique()} runs in {seconds:.0f} s ({cpu:.0f} s of CPU), one thread.

* Pairs (ordered, q < 0.05): {int((sure["gain"] > 0).sum())} help, {int((sure["gain"] < 0).sum())} hurt, of {len(pairs)}.
* All measured (target, subset) combinations: {len(positive)} help, {len(outcome.negative_transfer)} hurt, of
  {len(outcome.transfer)}.
* Pair-based prediction against measured larger subsets: rank correlation
  {"not measured" if correlation is None else f"{correlation:.2f}"}.
* Recommended ({best.cost:.3g} network equivalents):
{networks}
* Test rows, fresh seeds: {_interval(best.versus["single_task"])} against single tasks,
  {_interval(best.versus["all_in_one"])} against all in one.
* In words: {best.verdict}

![affinity](affinity.png)
"""


def _untuned(study: Study, seeds: int = 5) -> str:
    """Scores alone and all together, and how many pairs help or hurt, with default settings."""
    names = study.task_names
    subsets = [*itertools.combinations(names, 2), names]
    measured = tg.measure(study, subsets, seeds=seeds)
    test = measured.runs[measured.runs["split"] == "test"]
    by_subset = test.groupby(["subset", "task"])["value"].mean()
    alone = pd.Series({name: by_subset[name, name] for name in names})
    joint = pd.Series({name: by_subset["+".join(names), name] for name in names})
    up = int((joint > alone).sum())
    cells = measured.transfer[measured.transfer["n_tasks"] == 2]
    sure = cells[cells["q_value"] < FLAG_LEVEL]
    return (
        f"Untuned ({seeds} seeds, learning rate 0.003): mean test score {alone.mean():.3f} alone, "
        f"{joint.mean():.3f} all in one; {up} tasks up, {len(names) - up} down. Of {len(cells)} ordered pairs "
        f"{int((cells['gain'] > 0).sum())} are up, {int((cells['gain'] < 0).sum())} down on validation rows; "
        f"{int((sure['gain'] > 0).sum())} significantly up, {int((sure['gain'] < 0).sum())} significantly down."
    )


def _interval(advantage: Any) -> str:
    return f"{advantage['gain']:+.1%} [{advantage['low']:+.1%}, {advantage['high']:+.1%}]"


if __name__ == "__main__":
    sys.exit(main())
