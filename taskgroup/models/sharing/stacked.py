"""The MLP networks of a cohort whose runs share by one kind in columns, stacked and trained by autograd.

Shape letters: R runs, C columns, K rows of a parameter, O units, I features in, T tasks, B examples, S
streams.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, cast, final

import numpy as np
import torch
from torch import Tensor

from taskgroup.models.network import Trained
from taskgroup.models.sharing.catalog import make_kind
from taskgroup.models.sharing.heads import HeadPlan, plan_heads
from taskgroup.models.sharing.kind import Kind, Outline
from taskgroup.models.sharing.start import (
    CENTRE,
    HEAD,
    block_names,
    initial_blocks,
    initial_extras,
    initial_heads,
)
from taskgroup.models.streams import StreamOf, by_seed, numbered_streams
from taskgroup.models.wiring import Wiring, apart, wire
from taskgroup.spec import RunSpec


@final
class StackedColumns:
    """R multi-task MLPs (linear + ReLU blocks, linear heads) of one way of sharing and number of tasks.

    Args:
        members: The runs.
        n_inputs: Input features D.
        widths: Width of each encoder block.
        n_outputs: Output columns of every task, in task-list order.
        kinds: Kind of every task, for kinds of sharing whose heads depend on it.
        dtype: Of all weights and activations.
        device: Where they live.
        stream: Consecutive runs for which this is equal read the same input; the seed by default.
    """

    def __init__(
        self,
        members: Sequence[RunSpec],
        *,
        n_inputs: int,
        widths: Sequence[int],
        n_outputs: Mapping[str, int],
        kinds: Mapping[str, str],
        dtype: torch.dtype = torch.float32,
        device: torch.device | str = "cpu",
        stream: StreamOf = by_seed,
    ) -> None:
        ((sharing, n_tasks),) = {(member.sharing, len(member.subset)) for member in members}
        self._sizes, self._n_outputs, self._kinds = (n_inputs, *widths), dict(n_outputs), dict(kinds)
        self._stream_of = stream
        self._place: dict[str, Any] = {"dtype": dtype, "device": device}
        self.kind: Kind = make_kind(
            sharing, Outline(n_tasks, sharing.depth, tuple((size,) for size in self._sizes))
        )
        self._rewire(members)
        heads = initial_heads(
            members,
            self._heads,
            n_features=self._sizes[-1],
            n_columns=self.wiring.n_columns,
            n_outputs=self._n_outputs,
        )
        start = initial_blocks(self.kind, members, self._sizes) | initial_extras(self.kind, members) | heads
        self._hold({name: torch.tensor(values, **self._place) for name, values in start.items()})

    @property
    def trained(self) -> list[Trained]:
        """All parameters, an item for each run and row."""
        return [
            Trained(
                name,
                value.detach().flatten(0, 1),
                cast(Tensor, value.grad).flatten(0, 1),
                np.repeat(np.arange(len(value)), value.shape[1]),
                shared=np.array([len(tasks) > 1 for run in self._reached(name) for tasks in run]),
                decays=self._decays.get(name, True),
            )
            for name, value in self._tensors.items()
        ]

    def forward(self, x: Tensor) -> Tensor:
        """All heads' outputs in training; `backward` may follow."""
        with torch.enable_grad():
            self._outputs = self._compute(x)
        return self._outputs.detach()

    def backward(self, x: Tensor, grad: Tensor, *, again: bool = False) -> None:
        """Fill the gradients of all parameters by autograd."""
        torch._foreach_zero_([cast(Tensor, value.grad) for value in self._tensors.values()])
        torch.autograd.backward(self._outputs, grad, retain_graph=again)

    def after_step(self) -> None:
        """Draw the copies of tied blocks together, as the kind says."""
        if not self.kind.moves_weights:
            return
        for level in self._tied:
            names = block_names(level)
            weights = [self._tensors[name].detach() for name in names]
            centres = [self._tensors[CENTRE + name].detach() for name in names if self.kind.centred]
            moved = self.kind.moved(level, weights, centres, self._rates)
            torch._foreach_copy_(weights, moved)

    def evaluate(self, x: Tensor) -> Tensor:
        """All heads' outputs in scoring."""
        with torch.no_grad():
            return self._compute(x)

    def finite(self) -> np.ndarray:
        """Which runs have only finite weights, [R]."""
        sums = torch.stack([value.detach().flatten(1).sum(dim=1) for value in self._tensors.values()])
        fine: np.ndarray = sums.isfinite().all(dim=0).cpu().numpy()
        return fine

    def keep(self, runs: Sequence[int]) -> None:
        """Drop all runs but these."""
        kept = {name: value.detach()[list(runs)] for name, value in self._tensors.items()}
        self._rewire([self.members[i] for i in runs])
        self._hold({n: v[:, :, : self.wiring.n_columns] if n in HEAD else v for n, v in kept.items()})

    def take_weights(self, other: StackedColumns, runs: Sequence[int]) -> None:
        """Copy the weights of some runs of another network, all of them members here."""
        position = {member: run for run, member in enumerate(self.members)}
        own_runs = [position[other.members[run]] for run in runs]
        for name, value in self._tensors.items():
            source = other._tensors[name].detach()[list(runs)]
            if name in HEAD:
                value.detach()[own_runs, :, : source.shape[2]] = source
            else:
                value.detach()[own_runs] = source

    def _compute(self, x: Tensor) -> Tensor:
        """[S, D, B] to [nodes, columns, B]."""
        kind, extras = self.kind, self._extras
        h = self._first_block(x)
        seen = [self._of_each_run(x).unsqueeze(1)] if kind.mixes else []
        for level in range(len(self._sizes) - 1):
            h = h if level == 0 else _linear(*self._block(level), h)
            h = h.relu_()  # in place: fresh memory of this size costs page faults at every step
            if kind.mixes and kind.is_tied(level):
                h = kind.mixed(level, [*seen, h], extras)
                seen.append(h)
        weight, bias = (self._heads_of_tasks(self._tensors[name]) for name in HEAD)
        return _linear(weight, bias, h).flatten(0, 1)

    def _first_block(self, x: Tensor) -> Tensor:
        """[S, D, B] to [R, C, O, B]; runs of one stream are one large product where that can be."""
        weight, bias = self._block(0)
        n_runs, n_copies, n_units, n_inputs = weight.shape
        if self._streams_are_even:
            product = weight.view(len(x), -1, n_inputs) @ x
        else:
            product = weight.flatten(1, 2) @ self._of_each_run(x)
        return product.view(n_runs, n_copies, n_units, -1).add_(bias.unsqueeze(3))

    def _of_each_run(self, x: Tensor) -> Tensor:
        """The input of every run, [S, D, B] to [R, D, B]."""
        if len(x) == 1:
            return x.expand(len(self.members), -1, -1)
        return x.index_select(0, self._stream_index)

    def _heads_of_tasks(self, value: Tensor) -> Tensor:
        """[R, T, ...] of the heads that each task uses."""
        return value if self._head_index is None else value[self._run_index, self._head_index]

    def _block(self, level: int) -> tuple[Tensor, Tensor]:
        weight, bias = (self._tensors[name] for name in block_names(level))
        return weight, bias

    @property
    def _extras(self) -> dict[str, Tensor]:
        return {name: self._tensors[name] for name in self._decays}

    @property
    def _tied(self) -> Iterator[int]:
        return filter(self.kind.is_tied, range(len(self._sizes) - 1))

    def _rewire(self, members: Sequence[RunSpec]) -> None:
        """Lay out the outputs: one node for each run and task."""
        self.members, device = tuple(members), self._place["device"]
        self.wiring: Wiring = wire(list(map(apart, members)), self._n_outputs, len(self._sizes) - 1)
        self.seeds = tuple(dict.fromkeys(member.seed for member in members))
        self.stream = numbered_streams(members, self._stream_of)
        each = np.bincount(self.stream)
        self._streams_are_even = bool((each == each[0]).all())
        self._stream_index = torch.from_numpy(self.stream).to(device)
        self._rates = torch.tensor([member.learning_rate for member in members], **self._place)
        self._plan_heads()

    def _plan_heads(self) -> None:
        shared, device = self.kind.shares_heads, self._place["device"]
        self._heads: list[HeadPlan] = [
            plan_heads(m.subset, self._n_outputs, self._kinds, shared=shared) for m in self.members
        ]
        self._head_index = (
            torch.tensor([plan.first for plan in self._heads], device=device) if shared else None
        )
        self._run_index = torch.arange(len(self.members), device=device).unsqueeze(1)

    def _reached(self, name: str) -> Sequence[Sequence[tuple[int, ...]]]:
        """For every run and row of a parameter, the tasks that it reaches."""
        if name in HEAD:
            return [[plan.tasks(place) for place in range(len(plan.first))] for plan in self._heads]
        rows = {extra.name: extra.tasks for extra in self.kind.extras()}
        if name in rows:
            return [rows[name]] * len(self.members)
        if name.startswith(CENTRE):
            return [[self.kind.outline.tasks]] * len(self.members)
        return [[copy.tasks for copy in self.kind.copies(int(name.split()[1]))]] * len(self.members)

    def _hold(self, values: Mapping[str, Tensor]) -> None:
        self._decays = {extra.name: extra.decays for extra in self.kind.extras()}
        self._tensors = {name: value.contiguous().requires_grad_() for name, value in values.items()}
        for value in self._tensors.values():
            value.grad = torch.zeros_like(value)
        for name in self._tensors:
            if name.startswith(CENTRE):
                _sum_up(self._tensors[name.removeprefix(CENTRE)], into=self._tensors[name])


def _linear(weight: Tensor, bias: Tensor, h: Tensor) -> Tensor:
    """Linear maps of columns, [R, C, O, I] and [R, C, I, B] to [R, C, O, B].

    A single column goes through all maps, and all columns through a single map, as one large product.
    """
    n_runs, n_columns, n_inputs, n = h.shape
    n_maps = weight.shape[1]
    if n_maps == n_columns:
        flat = torch.baddbmm(bias.flatten(0, 1).unsqueeze(2), weight.flatten(0, 1), h.flatten(0, 1))
        return flat.view(n_runs, n_columns, -1, n)
    if n_columns == 1:
        flat = torch.baddbmm(bias.flatten(1).unsqueeze(2), weight.flatten(1, 2), h[:, 0])
        return flat.view(n_runs, n_maps, -1, n)
    side_by_side = h.transpose(1, 2).reshape(n_runs, n_inputs, n_columns * n)
    flat = torch.baddbmm(bias[:, 0].unsqueeze(2), weight[:, 0], side_by_side)
    return flat.view(n_runs, -1, n_columns, n).transpose(1, 2)


def _sum_up(copies: Tensor, *, into: Tensor) -> None:
    """Let a centre's gradient be the sum of its copies' gradients, in every backward pass."""

    def add(grad: Tensor) -> None:
        cast(Tensor, into.grad).add_(grad.sum(dim=1, keepdim=True))

    copies.register_hook(add)  # type: ignore[no-untyped-call]
