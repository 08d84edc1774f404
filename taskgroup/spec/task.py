"""A task: one supervised target of the data."""

from __future__ import annotations

from functools import cached_property
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from taskgroup.spec.metric import EXTERNAL_METRICS, Kind, Metric, metric_for

Subset = tuple[str, ...]
"""Names of the tasks trained together in one network, in the order of the study's task list."""

SEPARATOR = "+"


class Task(BaseModel):
    """One supervised target.

    Attributes:
        name: How the task is called in every table; no ``+``, which joins the names of a subset.
        target: The column that holds its labels (several for `multilabel`); the name by default.
        kind: `binary`, `multiclass`, `multilabel` or `regression`.
        metric: The score that it is judged by; a default by kind (AUC, accuracy, AUC, R²).
        importance: Its weight in the mean gain that groupings are chosen by.
        rows: The value in `data.task_column` that marks its rows; the name by default.
        weight: The column that says how much each row counts for this task.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Annotated[str, Field(min_length=1)]
    target: str | list[str] = ""
    kind: Kind
    metric: str | None = None
    importance: Annotated[float, Field(gt=0, allow_inf_nan=False)] = 1.0
    rows: str | int | float | bool | None = None
    weight: Annotated[str, Field(min_length=1)] | None = None

    @field_validator("name")
    @classmethod
    def _name_joins(cls, name: str) -> str:
        if SEPARATOR in name or name != name.strip() or not name.isprintable():
            raise ValueError(
                f"a task name has no {SEPARATOR!r}, no outer blanks and no control characters; "
                f"rename {name!r} and keep the column under 'target'"
            )
        return name

    @model_validator(mode="after")
    def _target_and_metric_fit(self) -> Task:
        if self.metric not in EXTERNAL_METRICS:
            metric_for(self.metric, self.kind)
        if isinstance(self.target, list) and (self.kind != "multilabel" or not self.target):
            raise ValueError(f"a list of target columns needs kind 'multilabel', not {self.kind!r}")
        return self

    @cached_property
    def columns(self) -> tuple[str, ...]:
        """The data columns that hold the labels."""
        return tuple(self.target) if isinstance(self.target, list) else (self.target or self.name,)

    @cached_property
    def score(self) -> Metric:
        """The metric that the task is judged by, resolved."""
        return EXTERNAL_METRICS.get(self.metric or "") or metric_for(self.metric, self.kind)


def subset_name(subset: Subset) -> str:
    """Join the task names of a subset.

    >>> subset_name(("a", "b"))
    'a+b'
    """
    return SEPARATOR.join(subset)


def subset_from_name(name: str) -> Subset:
    """Split a subset's name into its tasks; the inverse of `subset_name`."""
    return tuple(name.split(SEPARATOR))
