"""The `data` section of a study: where the rows come from and how they are divided."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    BeforeValidator,
    Field,
    SerializerFunctionWrapHandler,
    model_serializer,
    model_validator,
)

from taskgroup.spec.inputs import ImageSpec, InputKind, TextSpec
from taskgroup.spec.section import SECTION, Fraction


class SplitSpec(BaseModel):
    """How rows are divided.

    The test rows are drawn once and never used for choosing. Each run seed draws its own training and
    validation rows from the rest, so that intervals over seeds cover which of these rows
    are trained on as well as the training itself; the test rows are fixed.

    Attributes:
        test: Share of all rows held out for the final report.
        validation: Share of all rows that runs are compared on.
        train_fraction: Share of the remaining training rows that is used; below 1 it shows what
            happens with little data.
        by: `random` draws rows, stratified by their labels; `group` keeps all rows with the same value in
            `column` in one part, so that a network is never tested on a patient that it has trained on;
            `time` orders rows by `column`, trains on the first, validates on later and tests on the last.
        column: What `group` and `time` go by; never a feature.
    """

    model_config = SECTION

    test: Fraction = 0.2
    validation: Fraction = 0.2
    train_fraction: Annotated[float, Field(gt=0, le=1)] = 1.0
    by: Literal["random", "group", "time"] = "random"
    column: Annotated[str, Field(min_length=1)] | None = None

    @model_validator(mode="after")
    def _has_its_column(self) -> SplitSpec:
        if (self.column is None) != (self.by == "random"):
            fix = "drop it, or name by: group or by: time" if self.column else "name it under column"
            raise ValueError(f"by {self.by!r} {'takes no' if self.column else 'needs a'} column; {fix}")
        return self

    @model_validator(mode="after")
    def _leaves_training_rows(self) -> SplitSpec:
        if self.test + self.validation >= 1:
            raise ValueError(
                f"test {self.test:g} + validation {self.validation:g} leave no training rows; "
                "their sum must stay below 1"
            )
        return self


IN_MEMORY = "memory"
"""The source of studies whose data are handed over in Python."""


def _check_source(value: object) -> object:
    sources = value.values() if isinstance(value, dict) and value else [value]
    if not all(isinstance(source, str) and source for source in sources):
        raise ValueError(
            "give a path, sklearn:NAME, generated:NAME, river:NAME or python:module:function, or one of "
            "these for each task"
        )
    return value


Source = Annotated[str | dict[str, str], BeforeValidator(_check_source)]


class DataSpec(BaseModel):
    """Where the rows come from, and what their columns are.

    Attributes:
        source: A CSV, Parquet or NPZ path, a folder of images, `sklearn:NAME`, `generated:NAME`,
            `river:NAME`, `python:module:function`, or `memory` for data that are handed over in Python; or
            one of these for each task by its name, where every task has rows of its own.
        features: The columns to learn from; every column that serves no other purpose by default.
        exclude: Columns that are neither features nor anything else, such as names and dates.
        task_column: The column that names the task that a row belongs to, where every task has rows of its
            own in one table.
        weight: The column that says how much a row counts, for all tasks.
        split: How rows are divided.
        image: Says that each row is an image, and where it is.
        text: Says that each row is a text, and where it is.
    """

    model_config = SECTION

    source: Source
    features: list[str] | None = None
    exclude: list[str] = []
    task_column: Annotated[str, Field(min_length=1)] | None = None
    weight: Annotated[str, Field(min_length=1)] | None = None
    split: SplitSpec = SplitSpec()
    image: ImageSpec | None = None
    text: TextSpec | None = None

    @property
    def own_rows(self) -> bool:
        """Whether every task has rows of its own."""
        return self.task_column is not None or isinstance(self.source, dict)

    @property
    def source_name(self) -> str:
        """What messages call the source."""
        return self.source if isinstance(self.source, str) else ", ".join(self.source.values())

    @property
    def reads(self) -> InputKind:
        """What a row is."""
        if self.image is not None:
            return "image"
        return "table" if self.text is None else "text"

    @model_validator(mode="after")
    def _one_kind_of_input(self) -> DataSpec:
        if self.image is not None and self.text is not None:
            raise ValueError("give data.image or data.text, not both")
        if self.features is not None and (self.text is not None or (self.image and self.image.column)):
            raise ValueError(
                f"data.features cannot stand beside data.{self.reads}, which is all that is read"
            )
        return self

    @model_serializer(mode="wrap")
    def _without_absent_inputs(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Keys that are younger than the first records, which must not change by them."""
        document = handler(self)
        return {k: v for k, v in document.items() if k not in ("image", "text") or v is not None}
