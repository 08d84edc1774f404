"""`taskgroup check`: is the study sound, and what will it cost?"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import click

from taskgroup.cli.options import json_option, print_json, say

if TYPE_CHECKING:
    from taskgroup.data import Dataset, Split
    from taskgroup.search import Plan
    from taskgroup.spec import Study, TrainerSpec


@click.command("check")
@click.argument("study_file", metavar="STUDY.yaml")
@json_option
def command(study_file: str, *, as_json: bool) -> None:
    """Check a study file and its data, or its trainer, without training anything."""
    from taskgroup.loading import load_study
    from taskgroup.search import make_plan, require_feasible

    study = load_study(study_file)
    require_feasible(study)
    plan = make_plan(study)
    found = _with_data(study, plan) if study.trainer is None else _with_trainer(study, study.trainer)
    document = {"study": study.name, **found, "runs_at_most": plan.n_runs}
    if as_json:
        print_json(document)
        return
    say(f"{study.name}: {_in_words(document)}")
    width = max(len(task.name) for task in study.tasks)
    for task in document["tasks"]:
        labels = f"  {task['labelled']} labels" if "labelled" in task else ""
        rows = f"  rows: {_parts_in_words(task['rows'])}" if "rows" in task else ""
        use = f"scored by {task['metric']:<8}" if "metric" in task else f"{task['role']:<18}"
        told = f"  {task['name']:<{width}}  {task['kind']:<10}  {use}{labels}{rows}"
        say(told.rstrip())
    for warning in document["warnings"]:
        say(f"warning: {warning}")
    say(f"Ready. Start with:  taskgroup search {study_file}   (at most {plan.n_runs} short trainings)")


def _with_data(study: Study, plan: Plan) -> dict[str, Any]:
    """What networks that are trained here learn from."""
    from taskgroup.data import draw_split, suspicions
    from taskgroup.loading import load_checked

    dataset = load_checked(study, (*plan.seeds, *plan.fresh_seeds))
    split = draw_split(dataset, study.data.split, study_seed=study.seed, seed=plan.seeds[0])
    stops_early = study.training.early_stopping is not None
    features = f"{dataset.features.shape[1]} features"
    return {
        "rows": {part: len(rows) for part, rows in _parts(split).items()},
        "features": dataset.features.shape[1],
        **({"input_shape": list(dataset.input_shape)} if dataset.inputs is not None else {}),
        "inputs": features if dataset.inputs is None else dataset.inputs.in_words,
        "tasks": [
            _task(study, name)
            | {"outputs": target.n_outputs, "labelled": int(target.labelled.sum())}
            | ({"rows": _rows_of(dataset, split, name)} if study.data.own_rows else {})
            for name, target in dataset.targets.items()
        ],
        "warnings": [*dataset.warnings, *suspicions(dataset, split, stops_early=stops_early)],
    }


def _with_trainer(study: Study, trainer: TrainerSpec) -> dict[str, Any]:
    """What a trainer of the user's is run as."""
    from taskgroup.loading import check_external

    check_external(study, trainer)
    return {
        "trainer": {"runs": trainer.command or trainer.function, "folder": trainer.working_directory},
        "tasks": [_task(study, task.name) for task in study.tasks],
        "warnings": [],
    }


def _task(study: Study, name: str) -> dict[str, Any]:
    task = study.task(name)
    if task.role == "auxiliary":
        return {"name": name, "kind": task.kind, "role": task.role}
    return {"name": name, "kind": task.kind, "metric": task.score.name}


def _parts(split: Split) -> dict[str, Any]:
    return {"training": split.train, "validation": split.validation, "test": split.test}


def _rows_of(dataset: Dataset, split: Split, task: str) -> dict[str, int]:
    """How many rows a task has in each part."""
    import numpy as np

    own = dataset.rows_of(task)
    return {part: int(np.isin(rows, own).sum()) for part, rows in _parts(split).items()}


def _in_words(document: Mapping[str, Any]) -> str:
    n_tasks = len(document["tasks"])
    if "trainer" in document:
        return f"{n_tasks} tasks, trained by: {document['trainer']['runs']}"
    return f"{n_tasks} tasks, {document['inputs']}; rows: {_parts_in_words(document['rows'])}"


def _parts_in_words(rows: Mapping[str, int]) -> str:
    return ", ".join(f"{n} {part}" for part, n in rows.items())
