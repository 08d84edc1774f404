"""`taskgroup check`: is the study sound, and what will it cost?"""

from __future__ import annotations

import click

from taskgroup.cli.options import json_option, print_json, say


@click.command("check")
@click.argument("study_file", metavar="STUDY.yaml")
@json_option
def command(study_file: str, *, as_json: bool) -> None:
    """Check a study file and its data without training anything."""
    from taskgroup.data import draw_split
    from taskgroup.loading import load_checked, load_study
    from taskgroup.search import make_plan, require_feasible

    study = load_study(study_file)
    require_feasible(study)
    plan = make_plan(study)
    dataset = load_checked(study, (*plan.seeds, *plan.fresh_seeds))
    split = draw_split(dataset, study.data.split, study_seed=study.seed, seed=plan.seeds[0])
    tasks = [
        {
            "name": task.name,
            "kind": task.kind,
            "metric": task.score.name,
            "outputs": dataset.targets[task.name].n_outputs,
            "labelled": int(dataset.targets[task.name].labelled.sum()),
        }
        for task in study.tasks
    ]
    document = {
        "study": study.name,
        "rows": {
            "training": len(split.train),
            "validation": len(split.validation),
            "test": len(split.test),
        },
        "features": dataset.features.shape[1],
        **({"input_shape": list(dataset.input_shape)} if dataset.inputs is not None else {}),
        "tasks": tasks,
        "runs_at_most": plan.n_runs,
        "warnings": list(dataset.warnings),
    }
    if as_json:
        print_json(document)
        return
    rows = ", ".join(f"{n} {part}" for part, n in document["rows"].items())
    inputs = f"{document['features']} features" if dataset.inputs is None else dataset.inputs.in_words
    say(f"{study.name}: {len(tasks)} tasks, {inputs}; rows: {rows}")
    width = max(len(str(task["name"])) for task in tasks)
    for task in tasks:
        say(
            f"  {task['name']!s:<{width}}  {task['kind']!s:<10}  scored by {task['metric']!s:<8}  "
            f"{task['labelled']} labels"
        )
    for warning in dataset.warnings:
        say(f"warning: {warning}")
    say(f"Ready. Start with:  taskgroup search {study_file}   (at most {plan.n_runs} short trainings)")
