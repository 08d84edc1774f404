"""Searching with a function of the user's that trains: its task list as a study."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from taskgroup.api.result import SearchResult
from taskgroup.errors import InputError
from taskgroup.executors import FunctionExecutor, TrainFunction
from taskgroup.search import (
    DEFAULT_STRATEGY,
    FUNCTION_RECIPES,
    FunctionDriver,
    Lab,
    Progress,
    as_candidates,
    conclude,
    plan_calls,
)
from taskgroup.session import IN_MEMORY
from taskgroup.spec import Study, parse_study
from taskgroup.storage import open_record


def search_function(
    study: Study,
    train: TrainFunction,
    candidates: Sequence[Sequence[str]] | None,
    *,
    confirm: bool,
    storage: str | None,
    listener: Progress,
) -> SearchResult:
    """Ask a function for the scores of subsets, and conclude from what it returned."""
    allowed = as_candidates(candidates, study.task_names, auxiliary=study.auxiliary_names)
    calls = plan_calls(
        study, runs=study.search.runs, seeds=study.search.seeds, confirm=confirm, candidates=allowed
    )
    with open_record(storage or IN_MEMORY) as record:
        study_id = record.open_study(study, data_fingerprint=study.data.source_name)
        executor = FunctionExecutor(train, study.tasks)
        lab = Lab(executor, record, study_id, study.context(study.name), listener)
        driver = FunctionDriver(
            study, calls, allowed, lab=lab, record=record, study_id=study_id, progress=listener
        )
        try:
            driver.search()
        finally:
            listener.close()
        return SearchResult(conclude(study, record, study_id, calls.plan, recipes=FUNCTION_RECIPES))


def function_study(
    train: TrainFunction,
    tasks: Sequence[Mapping[str, Any]],
    limits: Mapping[str, Any],
    *,
    groups: int | None,
    seed: int | None,
    name: str | None,
) -> Study:
    """A function with its tasks and limits as a study; what is None is left to the defaults."""
    usual = {"runs": 100, "seeds": 1, "strategy": DEFAULT_STRATEGY}
    document = {
        "name": "function" if name is None else name,
        "data": {"source": f"python:{getattr(train, '__qualname__', 'train')}"},
        "tasks": list(tasks),
        "search": usual | {key: value for key, value in limits.items() if value is not None},
        "grouping": {"max_groups": groups},
        "seed": 0 if seed is None else seed,
    }
    return parse_study(document, place="search()")


def external_tasks(
    names: Sequence[str], direction: str, scale: str, importance: Mapping[str, float] | None
) -> list[dict[str, Any]]:
    """The task list of a function, as in a study file."""
    kinds = {"maximize": "score", "minimize": "loss"}
    if direction not in ("maximize", "minimize"):
        raise InputError(f"direction is {direction!r}; known: maximize, minimize")
    if scale not in ("score", "relative"):
        raise InputError(f"scale is {scale!r}; known: score, relative")
    if not isinstance(names, Iterable):
        raise InputError(f"the first argument is {names!r:.80}; give a study or a list of task names")
    if not isinstance(importance, Mapping | None):
        raise InputError(f"importance is {importance!r:.80}; give a dict from task names to weights")
    names = [names] if isinstance(names, str) else list(names)
    unknown = sorted(set(importance or {}) - set(names))
    if unknown:
        raise InputError(f"importance names the unknown task {unknown[0]!r}; known: {', '.join(names)}")
    metric = kinds[direction] if scale == "score" else f"relative {kinds[direction]}"
    weight = dict(importance or {})
    return [
        {"name": name, "kind": "regression", "metric": metric, "importance": weight.get(name, 1.0)}
        for name in names
    ]


def external_auxiliaries(names: Sequence[str]) -> list[dict[str, Any]]:
    """Its tasks that only ride along, as in a study file."""
    if not isinstance(names, Iterable):
        raise InputError(f"auxiliary is {names!r:.80}; give a list of task names")
    names = [names] if isinstance(names, str) else list(names)
    return [{"name": name, "kind": "regression", "role": "auxiliary"} for name in names]
