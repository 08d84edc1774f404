"""What main and auxiliary tasks may be, seen across the whole study."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from taskgroup.errors import nearest
from taskgroup.spec.task import Task, main_tasks

if TYPE_CHECKING:  # a study checks itself with this
    from taskgroup.spec.study import Study


def check_roles(study: Study) -> None:
    """Refuse roles and derived targets that do not suit the study.

    Raises:
        ValueError: If there is no main task, or a derived one needs what the study does not have.
    """
    if not main_tasks(study.tasks):
        raise ValueError("every task is auxiliary, so there is nothing to serve; give one the role main")
    for place, task in enumerate(study.tasks):
        if task.adversarial and study.trainer is not None:
            raise ValueError(
                f"tasks[{place}].adversarial is for networks that are trained here; a trainer of your own "
                "reverses gradients itself, so drop it"
            )
        if task.derive is not None:
            _check_derived(study, task, f"tasks[{place}].derive")


def quantised_column(tasks: Sequence[Task], name: str) -> str:
    """The target column of the regression task that a quantised one is made of.

    Args:
        tasks: The task list.
        name: The task's name or its target column; a name goes before a column.

    Raises:
        ValueError: If there is none.
    """
    columns = {task.columns[0]: task.columns[0] for task in tasks if _can_be_quantised(task)}
    columns |= {task.name: task.columns[0] for task in tasks if _can_be_quantised(task)}
    if name not in columns:
        raise ValueError(f"quantise names {name!r}, which is no regression task; {nearest(name, columns)}")
    return columns[name]


def _can_be_quantised(task: Task) -> bool:
    return task.kind == "regression" and task.derive is None


def _check_derived(study: Study, task: Task, place: str) -> None:
    assert task.derive is not None
    if study.trainer is not None:
        raise ValueError(f"{place} makes targets of data, which a trainer of your own has; drop it")
    if study.data.own_rows:
        raise ValueError(
            f"{place} needs rows that all tasks share, but here each task has rows of its own; drop it"
        )
    if task.derive.quantise is not None:
        try:
            quantised_column(study.tasks, task.derive.quantise)
        except ValueError as error:
            raise ValueError(f"{place}.{error}") from None
    if task.derive.inputs is not None and study.data.reads == "text":
        raise ValueError(f"{place}.inputs needs inputs that are numbers, not texts; drop it")
