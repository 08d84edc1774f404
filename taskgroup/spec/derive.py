"""The `derive` mapping of an auxiliary task: a target that is made of other columns."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, Field, field_validator, model_validator

from taskgroup.spec.metric import Kind
from taskgroup.spec.section import SECTION

MAX_BINS = 100

Derivation = Literal["inputs", "quantise", "ahead"]


class DeriveSpec(BaseModel):
    """One way of making a target; exactly one of `inputs`, `quantise` and `ahead` is given.

    Attributes:
        inputs: Predict inputs: `all` features, or chosen columns.
        remove: Take the chosen inputs out of the features, so that they are outputs alone and may be missing.
        quantise: A regression task, by name or target column, whose quantiles are the classes.
        bins: How many classes.
        smooth: Width in classes over which labels are spread to their neighbours; hard labels by default.
        ahead: The column to foretell.
        steps: How many rows ahead, within the group and in order.
        by: The column that names groups; all rows are one group by default.
        order: The column that rows are ordered by; their order in the table by default.
    """

    model_config = SECTION

    inputs: Literal["all"] | Annotated[list[str], Field(min_length=1)] | None = None
    remove: bool = False
    quantise: Annotated[str, Field(min_length=1)] | None = None
    bins: Annotated[int, Field(ge=2, le=MAX_BINS)] = 5
    smooth: Annotated[float, Field(gt=0, le=MAX_BINS)] | None = None
    ahead: Annotated[str, Field(min_length=1)] | None = None
    steps: Annotated[int, Field(ge=1)] = 1
    by: Annotated[str, Field(min_length=1)] | None = None
    order: Annotated[str, Field(min_length=1)] | None = None

    @field_validator("inputs", mode="before")
    @classmethod
    def _all_or_columns(cls, inputs: Any) -> Any:
        named = isinstance(inputs, list) and inputs and all(isinstance(one, str) for one in inputs)
        if inputs is None or inputs == "all" or named:
            return inputs
        raise ValueError("give all, or a list of columns, as in [age, weight]")

    @model_validator(mode="after")
    def _one_way(self) -> DeriveSpec:
        given = [name for name in OPTIONS if getattr(self, name) is not None]
        if len(given) != 1:
            found = f"both {' and '.join(given)}" if given else "none"
            raise ValueError(f"derive takes one of {', '.join(OPTIONS)}, but has {found}")
        foreign = [
            key
            for way, keys in OPTIONS.items()
            for key in keys
            if way != given[0] and getattr(self, key) != type(self).model_fields[key].default
        ]
        if foreign:
            raise ValueError(f"derive.{foreign[0]} does not go with derive.{given[0]}; drop it")
        if self.inputs == "all" and self.remove:
            raise ValueError(
                "derive.remove would leave no features to learn from; name the columns to remove"
            )
        return self

    @property
    def way(self) -> Derivation:
        """Which of the ways it is."""
        return next(name for name in OPTIONS if getattr(self, name) is not None)

    @property
    def removed(self) -> frozenset[str]:
        """The columns that it takes out of the features."""
        return frozenset(self.inputs) if self.remove and isinstance(self.inputs, list) else frozenset()

    def document(self) -> dict[str, Any]:
        """What was chosen, without defaults, as plain JSON values."""
        return self.model_dump(mode="json", exclude_defaults=True)


OPTIONS: dict[Derivation, tuple[str, ...]] = {
    "inputs": ("remove",),
    "quantise": ("bins", "smooth"),
    "ahead": ("steps", "by", "order"),
}
"""The ways, each with the keys that go with it alone."""

KIND_OF: dict[Derivation, Kind] = {"inputs": "regression", "quantise": "multiclass"}
"""The task kind that a way makes; a column ahead is of whatever kind the study says."""


def kind_of_derived(document: object) -> Kind | None:
    """The kind of a task whose `derive` mapping tells it."""
    if not isinstance(document, dict):
        return None
    return next((kind for way, kind in KIND_OF.items() if document.get(way) is not None), None)


def _strength(value: object) -> object:
    return float(value) if isinstance(value, bool) else value


Strength = Annotated[float, BeforeValidator(_strength), Field(ge=0, le=1000, allow_inf_nan=False)]
"""How strongly a gradient is reversed: `true` for 1, `false` for not at all, or a number."""
