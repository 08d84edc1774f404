"""Searching a study, or with a trainer of the user's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from taskgroup.api.function_search import (
    external_auxiliaries,
    external_tasks,
    function_study,
    search_function,
)
from taskgroup.api.inputs import Data, listener_of
from taskgroup.api.result import SearchResult
from taskgroup.errors import InputError
from taskgroup.executors import TrainFunction
from taskgroup.search import (
    Driver,
    Lab,
    Progress,
    conclude,
    keep_linear_baselines,
    linear_seconds,
    make_plan,
    require_feasible,
)
from taskgroup.session import open_session
from taskgroup.spec import Direction, Study, parse_study


def search(
    study: Study | Sequence[str],
    *,
    storage: str | None = None,
    progress: bool | Progress = False,
    workers: int = 1,
    device: str = "cpu",
    data: Data | None = None,
    train: TrainFunction | None = None,
    runs: int | None = None,
    groups: int | None = None,
    seeds: int | None = None,
    seed: int | None = None,
    confirm: bool = True,
    direction: Direction = "maximize",
    scale: Literal["score", "relative"] = "score",
    candidates: Sequence[Sequence[str]] | None = None,
    importance: Mapping[str, float] | None = None,
    auxiliary: Sequence[str] = (),
    strategy: str | None = None,
    name: str | None = None,
) -> SearchResult:
    """Find the groups of tasks to train together.

    Args:
        study: A study, whose networks are trained here or by the trainer that it names, or task names
            together with `train`.
        storage: SQLAlchemy URL of the record; in memory by default. A search continues where the record
            of the same study ends.
        progress: True shows progress on stderr.
        workers: Processes to train in, or commands at the same time (studies only).
        device: `cpu`, `cuda` or `auto` (studies only).
        data: The rows, where `data.source` is `memory`: a DataFrame, a dict of columns, or a map-style data
            set such as `torch.utils.data.Dataset`. Its items are read once, as `(x, targets)`: a vector or an
            image, and a dict from task names to labels (None where one is missing) or one number a task.
        train: A function from a request (`.subset`, `.seed`, `.fidelity`, `.sharing`, `.weighting`) to
            `{task: score}`. An exception fails that run alone.
        runs: At most so many trainings; the study's `search.runs`, or 100 calls, by default.
        groups: At most so many networks.
        seeds: Repetitions of each subset; with 1, nothing is repeated and gains have no interval.
        seed: Decides everything random.
        confirm: Whether the best grouping is measured again with fresh seeds (`train` only).
        direction: Whether large or small scores are better (`train` only).
        scale: `score` reports differences of scores, `relative` divides them by the single-task score
            (`train` only).
        candidates: The only subsets that may be asked for (`train` only).
        importance: Weight of each task in the objective, 1 by default (`train` only).
        auxiliary: Names of tasks that may ride along in networks of the others, and need no score (`train`
            only; a study says it by the role of its tasks).
        strategy: How subsets are chosen: `active` (the default), `hoa`, `pairs`, `random` or `exhaustive`.
        name: The study's name in the record (`train` only).

    Raises:
        InputError: If the study, the data or an argument is wrong; nothing was trained or written.
        RunFailedError: If all single-task runs of a task failed.
    """
    listener = listener_of(progress)
    if isinstance(study, Study):
        if train is not None:
            raise InputError("train= goes with a list of task names, not with a study; drop one of them")
        _refuse_given(
            "goes with train= alone; a study's file says it",
            confirm=not confirm,
            direction=direction != "maximize",
            scale=scale != "score",
            candidates=candidates is not None,
            importance=importance is not None,
            auxiliary=bool(auxiliary),
            name=name is not None,
        )
        changed = _overridden(study, runs=runs, groups=groups, seeds=seeds, seed=seed, strategy=strategy)
        return _search_study(changed, storage, listener, workers, device, data)
    if train is None:
        raise InputError("give a study from load_study(), or task names together with train=")
    if not callable(train):
        raise InputError(f"train is {train!r:.80}; give a function from a request to {{task: score}}")
    if confirm not in (True, False):
        raise InputError(f"confirm is {confirm!r:.80}; give True or False")
    _refuse_given(
        "goes with a study alone; train() runs as it likes",
        workers=workers != 1,
        device=device != "cpu",
        data=data is not None,
    )
    tasks = [*external_tasks(study, direction, scale, importance), *external_auxiliaries(auxiliary)]
    limits = {"runs": runs, "seeds": seeds, "strategy": strategy}
    described = function_study(train, tasks, limits, groups=groups, seed=seed, name=name)
    return search_function(described, train, candidates, confirm=confirm, storage=storage, listener=listener)


def _search_study(
    study: Study, storage: str | None, progress: Progress, workers: int, device: str, data: Data | None
) -> SearchResult:
    require_feasible(study)
    plan = make_plan(study)
    seeds = (*plan.seeds, *plan.fresh_seeds)
    opened = open_session(
        study, seeds, storage=storage, workers=workers, device=device, data=data, progress=progress
    )
    with opened as session:
        driver = Driver(
            study,
            session.dataset,
            lab=session.lab,
            record=session.record,
            study_id=session.study_id,
            progress=progress,
        )
        driver.search()
        keep_linear_baselines(
            study,
            session.dataset,
            record=session.record,
            study_id=session.study_id,
            seeds=plan.fresh_seeds,
            seconds=_seconds_left(study, session.lab, at_most=_linear_seconds(session.lab)),
            tell=progress.note,
        )
        outcome = conclude(study, session.record, session.study_id, plan)
        return SearchResult(outcome, None if data is None else session.dataset)


def _linear_seconds(lab: Lab) -> float:
    return linear_seconds(max(lab.seconds, lab.training_seconds))


def _seconds_left(study: Study, lab: Lab, *, at_most: float) -> float:
    """Of `search.time`, where there is a limit."""
    limit = study.search.time
    return at_most if limit is None else min(at_most, max(0.0, limit - lab.seconds))


def _overridden(study: Study, **given: Any) -> Study:
    """The study with arguments in place of its own settings."""
    document = study.document()
    for key, value in (("runs", given["runs"]), ("seeds", given["seeds"]), ("strategy", given["strategy"])):
        if value is not None:
            document["search"][key] = value
    if given["groups"] is not None:
        document["grouping"] |= {"max_groups": given["groups"], "budget": None}  # its rules stay
    if given["seed"] is not None:
        document["seed"] = given["seed"]
    return parse_study(document, place="search()")


def _refuse_given(why: str, **given: bool) -> None:
    """Refuse arguments that would otherwise be ignored."""
    for argument, is_given in given.items():
        if is_given:
            raise InputError(f"{argument}= {why}; drop it")
