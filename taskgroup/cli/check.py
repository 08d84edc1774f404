"""`taskgroup check`: is the study sound, and what will it cost?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from taskgroup.cli.options import json_option, print_json, say

if TYPE_CHECKING:
    from taskgroup.data import Dataset, Split


@click.command("check")
@click.argument("study_file", metavar="STUDY.yaml")
@json_option
def command(study_file: str, *, as_json: bool) -> None:
    """Check a study file and its data without training anything."""
    from taskgroup.data import draw_split, suspicions
    from taskgroup.loading import load_checked, load_study
    from taskgroup.search import make_plan, require_feasible

    study = load_study(study_file)
    require_feasible(study)
    plan = make_plan(study)
    dataset = load_checked(study, (*plan.seeds, *plan.fresh_seeds))
    split = draw_split(dataset, study.data.split, study_seed=study.seed, seed=plan.seeds[0])
    stops_early = study.training.early_stopping is not None
    tasks: list[dict[str, Any]] = [
        {
            "name": task.name,
            "kind": task.kind,
            "metric": task.score.name,
            "outputs": dataset.targets[task.name].n_outputs,
            "labelled": int(dataset.targets[task.name].labelled.sum()),
            **({"rows": _rows_of(dataset, split, task.name)} if study.data.own_rows else {}),
        }
        for task in study.tasks
    ]
    document: dict[str, Any] = {
        "study": study.name,
        "rows": {
            "training": len(split.train),
            "validation": len(split.validation),
            "test": len(split.test),
        },
        "features": dataset.features.shape[1],
        "tasks": tasks,
        "runs_at_most": plan.n_runs,
        "warnings": [*dataset.warnings, *suspicions(dataset, split, stops_early=stops_early)],
    }
    if as_json:
        print_json(document)
        return
    rows = ", ".join(f"{n} {part}" for part, n in document["rows"].items())
    say(f"{study.name}: {len(tasks)} tasks, {document['features']} features; rows: {rows}")
    width = max(len(str(task["name"])) for task in tasks)
    for task in tasks:
        say(
            f"  {task['name']!s:<{width}}  {task['kind']!s:<10}  scored by {task['metric']!s:<8}  "
            f"{task['labelled']} labels" + (_own_rows_text(task["rows"]) if "rows" in task else "")
        )
    for warning in document["warnings"]:
        say(f"warning: {warning}")
    say(f"Ready. Start with:  taskgroup search {study_file}   (at most {plan.n_runs} short trainings)")


def _rows_of(dataset: Dataset, split: Split, task: str) -> dict[str, int]:
    """How many rows a task has in each part."""
    import numpy as np

    rows = dataset.rows_of(task)
    parts = {"training": split.train, "validation": split.validation, "test": split.test}
    return {part: int(np.isin(chosen, rows).sum()) for part, chosen in parts.items()}


def _own_rows_text(rows: dict[str, int]) -> str:
    return "  rows: " + ", ".join(f"{n} {part}" for part, n in rows.items())
