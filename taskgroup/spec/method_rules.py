"""What kinds of sharing and weightings must keep to, given the tasks and blocks of a study."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from taskgroup.errors import nearest
from taskgroup.spec.forests import FOREST_KINDS, FOREST_PROBLEMS
from taskgroup.spec.method import Method
from taskgroup.spec.sharing_kinds import SHARING_KINDS
from taskgroup.spec.weighting_facts import WEIGHTING_FACTS

if TYPE_CHECKING:  # a study checks itself with this
    from taskgroup.spec.study import Study


def check_method_rules(study: Study) -> None:
    """Refuse methods that are not known, or do not suit the tasks and blocks of a study.

    Raises:
        ValueError: If there is one; the message names its key.
    """
    for place, method in enumerate(map(Method.parse, study.search.sharing.kind)):
        where = f"search.sharing.kind[{place}]"
        _check_name(where, method, list(SHARING_KINDS))
        _check_tasks(where, method, study)
        _check_sharing(where, method, study)
    for place, method in enumerate(map(Method.parse, study.search.weighting)):
        where = f"search.weighting[{place}]"
        _check_name(where, method, list(WEIGHTING_FACTS))
        _check_tasks(where, method, study)
        _check_weighting(where, method, study)


def _check_name(where: str, method: Method, known: list[str]) -> None:
    if method.name not in known:
        raise ValueError(f"{where} is {method.name!r}; {nearest(method.name, known)}")


def _check_tasks(where: str, method: Method, study: Study) -> None:
    strange = [name for name in _named_tasks(method) if name not in study.task_names]
    if strange:
        raise ValueError(
            f"{where} {method.name!r} names {strange[0]!r}, which is no task; "
            f"{nearest(strange[0], study.task_names)}"
        )


def _check_sharing(where: str, method: Method, study: Study) -> None:
    facts = SHARING_KINDS[method.name]
    settings = method.filled(facts.options)
    wrong = facts.refuse(settings)
    if wrong is not None:
        raise ValueError(f"{where} {method.name!r}: {wrong}")
    if method.name not in FOREST_KINDS and (task := _adversarial(study)):
        raise ValueError(
            f"task {task!r} is adversarial, which needs blocks that tasks share as they are, "
            f"but {where} is {method.name!r}; use {', '.join(FOREST_KINDS)}"
        )
    if method.name in FOREST_PROBLEMS and method.settings:
        problem = FOREST_PROBLEMS[method.name](settings, study.task_names, study.model.n_blocks)
        if problem is not None:
            raise ValueError(f"{where} {method.name!r} {problem}")


def _check_weighting(where: str, method: Method, study: Study) -> None:
    """Weightings of gradients look for what tasks agree on, and an adversarial task is meant to disagree."""
    if WEIGHTING_FACTS[method.name].looks_at == "gradients" and (task := _adversarial(study)):
        fitting = [name for name, facts in WEIGHTING_FACTS.items() if facts.looks_at != "gradients"]
        raise ValueError(
            f"{where} is {method.name!r}, which takes away where gradients disagree, as that of the "
            f"adversarial task {task!r} is meant to; use {', '.join(fitting)}"
        )


def _adversarial(study: Study) -> str | None:
    return next((task.name for task in study.tasks if task.adversarial), None)


def _named_tasks(method: Method) -> list[str]:
    """The tasks that a method's settings speak of."""
    found: list[str] = []
    for value in method.settings.values():
        parts = value.values() if isinstance(value, Mapping) else []
        nested = [name for each in parts if isinstance(each, list) for part in each for name in part]
        found += nested or (list(value) if isinstance(value, Mapping) else [])
    return found
