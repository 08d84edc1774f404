"""Columns that serve a purpose other than being learned from, each checked by the key that names it."""

from __future__ import annotations

from taskgroup.data.table import Table
from taskgroup.errors import InputError
from taskgroup.spec import Study

_SPLIT_COLUMN = "data.split.column"


def reserved_columns(table: Table, study: Study) -> frozenset[str]:
    """Columns that are no features although no task's target: what rows are sorted, weighed or named by.

    What a split goes by may also be the target of an adversarial task: the domain to be unlearned.

    Raises:
        InputError: If one is unknown, is a target, or is also listed under ``data.features``.
    """
    places = _places(study)
    targets = {name: task.name for task in study.tasks for name in task.columns}
    unlearned = {name for task in study.tasks if task.adversarial for name in task.columns}
    listed = study.data.features or []
    for place, name in places:
        table.column(name, wanted_by=place)
        if name in targets and not (place == _SPLIT_COLUMN and name in unlearned):
            raise InputError(
                f"{place} {name!r} is the target of task {targets[name]!r}; name another column, or drop it"
            )
        if name in listed:
            raise InputError(
                f"data.features[{listed.index(name)}] {name!r} is also {place}, which is not learned from; "
                "take it out of the features"
            )
    return frozenset(name for _, name in places)


def _places(study: Study) -> list[tuple[str, str]]:
    """The key and the column that it names."""
    data = study.data
    single = {
        "data.task_column": data.task_column,
        "data.weight": data.weight,
        _SPLIT_COLUMN: data.split.column,
        **{f"tasks[{i}].weight": task.weight for i, task in enumerate(study.tasks)},
    }
    for i, task in enumerate(study.tasks):
        if task.derive is not None:
            single |= {f"tasks[{i}].derive.by": task.derive.by, f"tasks[{i}].derive.order": task.derive.order}
    excluded = [(f"data.exclude[{i}]", name) for i, name in enumerate(data.exclude)]
    return [*((place, name) for place, name in single.items() if name is not None), *excluded]
