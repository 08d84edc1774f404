"""A task: one supervised target of the data."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property
from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    SerializerFunctionWrapHandler,
    field_validator,
    model_serializer,
    model_validator,
)

from taskgroup.spec.derive import DeriveSpec, Strength, kind_of_derived
from taskgroup.spec.metric import EXTERNAL_METRICS, Kind, Metric, metric_for

Subset = tuple[str, ...]
"""Names of the tasks trained together in one network, in the order of the study's task list."""

SEPARATOR = "+"

Role = Literal["main", "auxiliary"]
_OF_SCORED_TASKS = ("importance", "metric")
_YOUNGER = ("role", "derive", "adversarial")


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
        role: `main`, or `auxiliary` for a task that is trained but neither scored nor served: it may only
            ride along in networks of main tasks.
        derive: How the target of an auxiliary task is made of other columns, in place of one of its own.
        adversarial: Reverse the gradient that an auxiliary task sends into shared blocks, so that they
            unlearn what it needs: `true`, or the strength that the reversed gradient is multiplied by.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Annotated[str, Field(min_length=1)]
    target: str | list[str] = ""
    kind: Kind
    metric: str | None = None
    importance: Annotated[float, Field(gt=0, allow_inf_nan=False)] = 1.0
    rows: str | int | float | bool | None = None
    weight: Annotated[str, Field(min_length=1)] | None = None
    role: Role = "main"
    derive: DeriveSpec | None = None
    adversarial: Strength = 0.0

    @model_validator(mode="before")
    @classmethod
    def _kind_of_derived(cls, document: Any) -> Any:
        if isinstance(document, dict) and "kind" not in document:
            kind = kind_of_derived(document.get("derive"))
            return {**document, "kind": kind} if kind else document
        return document

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

    @model_validator(mode="after")
    def _role_fits(self) -> Task:
        if self.role == "main":
            given = [key for key in ("derive", "adversarial") if getattr(self, key)]
            if given:
                raise ValueError(f"{given[0]} is for auxiliary tasks; add role: auxiliary, or drop it")
            return self
        for key in _OF_SCORED_TASKS:
            if key in self.model_fields_set:
                raise ValueError(f"an auxiliary task is never scored, so {key} has no meaning; drop it")
        if self.derive is not None:
            self._check_derived(self.derive)
        return self

    def _check_derived(self, derive: DeriveSpec) -> None:
        for key in ("target", "rows", "weight"):
            if key in self.model_fields_set and getattr(self, key):
                raise ValueError(f"a derived task has no {key} of its own; drop {key} or derive")
        kind = kind_of_derived({derive.way: True}) or self.kind
        if self.kind != kind or kind == "multilabel":
            raise ValueError(
                f"derive.{derive.way} makes no {self.kind} task" + (f"; use {kind}" * (kind != self.kind))
            )

    @model_serializer(mode="wrap")
    def _without_defaults(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """A task without a role, as all tasks once were, looks as it did before there were roles."""
        document = {k: v for k, v in handler(self).items() if k not in _YOUNGER or v}
        if self.role == "main":
            return {k: v for k, v in document.items() if k != "role"}
        if self.derive is not None:
            document["derive"] = self.derive.document()
        return {k: v for k, v in document.items() if k not in _OF_SCORED_TASKS}

    @cached_property
    def columns(self) -> tuple[str, ...]:
        """The data columns that hold the labels; none for a derived task."""
        if self.derive is not None:
            return ()
        return tuple(self.target) if isinstance(self.target, list) else (self.target or self.name,)

    @cached_property
    def score(self) -> Metric:
        """The metric that the task is judged by, resolved."""
        return EXTERNAL_METRICS.get(self.metric or "") or metric_for(self.metric, self.kind)


def main_tasks(tasks: Iterable[Task]) -> list[Task]:
    """Those that are served and scored."""
    return [task for task in tasks if task.role == "main"]


def subset_name(subset: Subset) -> str:
    """Join the task names of a subset.

    >>> subset_name(("a", "b"))
    'a+b'
    """
    return SEPARATOR.join(subset)


def subset_from_name(name: str) -> Subset:
    """Split a subset's name into its tasks; the inverse of `subset_name`."""
    return tuple(name.split(SEPARATOR))
