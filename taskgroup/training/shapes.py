"""What all runs of a study have in common, and the networks that cohorts of them have."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import torch

from taskgroup.models import (
    Modules,
    Network,
    Product,
    StackedColumns,
    StackedMLP,
    in_columns,
    torch_product,
)
from taskgroup.spec import RunSpec, Task, scaled_widths
from taskgroup.training.feed import RowData, stream_of
from taskgroup.training.sampling import Proportional, Sampling, make_sampling


@dataclass(frozen=True)
class Shapes:
    """What all runs of a study have in common.

    Attributes:
        tasks: The task list.
        n_outputs: Output columns of every task, in task-list order.
        n_inputs: Input features.
        widths: Encoder widths at full capacity.
        batch_size: Rows a step.
        dtype: Of weights and activations.
        device: Where they live.
        product: How matrices are multiplied.
        modules: Builds the networks of encoders that are no plain MLP; None where they are.
        sampling: How batches mix tasks that have rows of their own.
        weighted: Whether labels have weights, by which scores are taken as well.
    """

    tasks: tuple[Task, ...]
    n_outputs: Mapping[str, int]
    n_inputs: int
    widths: tuple[int, ...]
    batch_size: int
    dtype: torch.dtype = torch.float32
    device: str = "cpu"
    product: Product = torch_product
    modules: Modules | None = None
    sampling: Sampling = field(default_factory=Proportional)
    weighted: bool = False

    @cached_property
    def first_row(self) -> list[int]:
        """First target row of every task."""
        return [0, *itertools.accumulate(self.n_outputs.values())][:-1]

    @cached_property
    def reversal(self) -> dict[str, float]:
        """The strength of every adversarial task."""
        return {task.name: task.adversarial for task in self.tasks if task.adversarial}

    @cached_property
    def is_main(self) -> np.ndarray:
        """Which tasks are scored, [T]."""
        return np.array([task.role == "main" for task in self.tasks])

    def sampling_of(self, run: RunSpec) -> Sampling:
        """How the batches of a run mix tasks: as the study says where the run does not."""
        return make_sampling(run.sampling) if run.sampling else self.sampling


def make_network(members: Sequence[RunSpec], seeds: Mapping[int, RowData], shapes: Shapes) -> Network:
    """The networks of a cohort: linear layers stacked in closed form, or what takes autograd."""
    (capacity,) = {member.capacity for member in members}
    kinds = {task.name: task.kind for task in shapes.tasks}
    if shapes.modules is not None:
        return shapes.modules.network(
            members,
            shapes.n_outputs,
            capacity,
            shapes.dtype,
            shapes.device,
            kinds=kinds,
            reversal=shapes.reversal,
        )
    if in_columns(members[0].sharing):
        return StackedColumns(
            members,
            n_inputs=shapes.n_inputs,
            widths=scaled_widths(shapes.widths, capacity),
            n_outputs=shapes.n_outputs,
            kinds=kinds,
            dtype=shapes.dtype,
            device=shapes.device,
            stream=stream_of(seeds, shapes.sampling_of),
        )
    return StackedMLP(
        members,
        n_inputs=shapes.n_inputs,
        widths=scaled_widths(shapes.widths, capacity),
        n_outputs=shapes.n_outputs,
        dtype=shapes.dtype,
        device=shapes.device,
        product=shapes.product,
        stream=stream_of(seeds, shapes.sampling_of),
        reversal=shapes.reversal,
    )
