"""The `training` section of a study: how each network is trained."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, Field

from taskgroup.spec.sampling import SamplingSpec
from taskgroup.spec.section import SECTION

DEFAULT_EPOCHS = 100
DEFAULT_PATIENCE = 10


class TrainingSpec(BaseModel):
    """How each network is trained.

    Attributes:
        epochs: Passes over the training rows, obeyed exactly when given. Without it, training runs
            for up to 100 epochs and stops early on the validation rows.
        batch_size: Rows a step, obeyed exactly.
        patience: Stop a run after this many epochs without a better validation loss and keep its
            best weights; off where `epochs` is given without it.
        task_patience: A task's loss counts no more in a run after so many epochs without a better validation
            loss of its own, so that what it may still do to the others ends; off by default.
        learning_rate: Fixes AdamW's step size, which is tuned otherwise.
        weight_decay: Fixes AdamW's weight decay, which is tuned otherwise.
        precision: `float32`, `bfloat16` products with float32 sums where the CPU has them, or
            `float64`.
        sampling: How batches mix the rows of tasks that have rows of their own: `proportional`,
            `uniform`, `round_robin`, `{temperature: 5, annealed: true}`; `validation`, or
            `{by: validation, strength: 2, references: single_task}`, by validation losses after every
            epoch; or `{main: TASK, schedule: sigmoid}`, in whose favour the others fade.
    """

    model_config = SECTION

    epochs: Annotated[int, Field(ge=1, le=100_000)] | None = None
    batch_size: Annotated[int, Field(ge=1)] = 64
    patience: Annotated[int, Field(ge=1)] | None = None
    task_patience: Annotated[int, Field(ge=1)] | None = None
    learning_rate: Annotated[float, Field(gt=0, le=10)] | None = None
    weight_decay: Annotated[float, Field(ge=0, le=10)] | None = None
    precision: Literal["float32", "bfloat16", "float64"] = "float32"
    sampling: SamplingSpec = "proportional"

    @property
    def max_epochs(self) -> int:
        """The epochs trained at full fidelity, before early stopping."""
        return DEFAULT_EPOCHS if self.epochs is None else self.epochs

    @property
    def early_stopping(self) -> int | None:
        """The patience in force, or None where runs train to the end."""
        if self.patience is not None:
            return self.patience
        return DEFAULT_PATIENCE if self.epochs is None else None
