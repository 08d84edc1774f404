"""The MLP encoders and heads of a whole cohort, as stacked layers wired to a forest."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import Any, final

import numpy as np
import torch
from torch import Tensor

from taskgroup.models.initial import initial_block, initial_head
from taskgroup.models.network import Trained
from taskgroup.models.products import Product, torch_product
from taskgroup.models.stacked_linear import StackedLinear
from taskgroup.models.wiring import Wiring, wire
from taskgroup.spec import RunSpec

_relu_backward = torch.ops.aten.threshold_backward.grad_input


def _seed_of(run: RunSpec) -> object:
    return run.seed


@final
class StackedMLP:
    """R multi-task MLPs (linear + ReLU blocks, linear heads) trained together.

    Args:
        members: The runs.
        n_inputs: Input features D.
        widths: Width of each encoder block.
        n_outputs: Output columns of every task, in task-list order.
        dtype: Of all weights and activations.
        device: Where they live.
        product: How to multiply.
        stream: Consecutive runs for which this is equal read the same input; the seed by default.
    """

    def __init__(
        self,
        members: Sequence[RunSpec],
        *,
        n_inputs: int,
        widths: Sequence[int],
        n_outputs: Mapping[str, int],
        dtype: torch.dtype = torch.float32,
        device: torch.device | str = "cpu",
        product: Product = torch_product,
        stream: Callable[[RunSpec], object] = _seed_of,
    ) -> None:
        self._sizes = (n_inputs, *widths)
        self._stream = stream
        self._n_outputs = dict(n_outputs)
        self._place = {"dtype": dtype, "device": device}
        self._product = product
        self._rewire(members)
        self.blocks = [self._initial_blocks(level) for level in range(len(widths))]
        self.head = self._initial_heads()

    @property
    def layers(self) -> list[StackedLinear]:
        """The encoder blocks and the heads, first to last."""
        return [*self.blocks, self.head]

    @property
    def trained(self) -> list[Trained]:
        """Weights and biases of all layers."""
        trained = []
        for i, (layer, owner) in enumerate(zip(self.layers, self.layer_runs, strict=True)):
            trained.append(Trained(f"weight {i}", layer.weight, layer.weight_grad, owner))
            trained.append(Trained(f"bias {i}", layer.bias, layer.bias_grad, owner))
        return trained

    @cached_property
    def layer_runs(self) -> list[np.ndarray]:
        """For each of `layers`, the run that each node belongs to."""
        runs = [layer.run for layer in self.wiring.layers]
        return [*runs, runs[-1]]

    def forward(self, x: Tensor) -> Tensor:
        """Compute all heads' outputs.

        Args:
            x: One input a stream, in their order, [S, D, B].

        Returns:
            Shape [nodes, columns, B]; a buffer that the next call with the same B overwrites.
        """
        n = x.shape[2]
        for level, block in enumerate(self.blocks):
            x = block.forward(x, self._buffer("out", level, n)).relu_()
        return self.head.forward(x, self._buffer("out", len(self.blocks), n))

    def backward(self, x: Tensor, grad: Tensor, *, again: bool = False) -> None:
        """Fill the gradients of all layers after `forward` on the same input.

        Args:
            x: As given to `forward`.
            grad: Gradient of the loss with respect to the outputs, [nodes, columns, B].
            again: Whether another backward pass follows on the same forward pass.
        """
        n = grad.shape[2]
        for level in range(len(self.blocks), 0, -1):
            out, out_grad = self._buffer("out", level - 1, n), self._buffer("grad", level - 1, n)
            self.layers[level].backward(grad, out, out_grad)
            grad = _relu_backward(out_grad, out, 0, grad_input=out_grad)
        self.blocks[0].backward(grad, x)

    def after_step(self) -> None:
        """Nothing: tasks are tied by gradients alone."""

    def evaluate(self, x: Tensor) -> Tensor:
        """As `forward`: an MLP computes the same in scoring."""
        return self.forward(x)

    def finite(self) -> np.ndarray:
        """Which runs have only finite weights, [R]."""
        fine = np.ones(len(self.members), dtype=bool)
        for layer, owner in zip(self.layers, self.layer_runs, strict=True):
            bad = ~(layer.weight.sum(dim=(1, 2)) + layer.bias.sum(dim=1)).isfinite().cpu().numpy()
            fine[owner[bad]] = False
        return fine

    def keep(self, runs: Sequence[int]) -> None:
        """Drop all runs but these (positions in `members`, ascending)."""
        nodes = [_nodes_of(runs, owner) for owner in self.layer_runs]
        self._rewire([self.members[i] for i in runs])
        for level, block in enumerate(self.blocks):
            block.keep(nodes[level], fan_out=self._fan_out(level))
        self.head.keep(nodes[-1], n_outputs=self.wiring.n_columns)

    def take_weights(self, other: StackedMLP, runs: Sequence[int]) -> None:
        """Copy the weights of some runs of another network (positions there), all of them members here."""
        position = {member: run for run, member in enumerate(self.members)}
        own_runs = [position[other.members[run]] for run in runs]
        for i, layer in enumerate(self.layers):
            source, columns = other.layers[i], slice(other.layers[i].bias.shape[1])
            own, theirs = _nodes_of(own_runs, self.layer_runs[i]), _nodes_of(runs, other.layer_runs[i])
            layer.weight[own, columns] = source.weight[theirs]
            layer.bias[own, columns] = source.bias[theirs]

    def _rewire(self, members: Sequence[RunSpec]) -> None:
        self.members = tuple(members)
        self.__dict__.pop("layer_runs", None)
        self.wiring: Wiring = wire(members, self._n_outputs, len(self._sizes) - 1)
        self.seeds = tuple(dict.fromkeys(member.seed for member in members))
        self.stream = _consecutive([self._stream(member) for member in members])
        self._buffers: dict[tuple[str, int, int], Tensor] = {}

    def _fan_out(self, level: int) -> list[int] | None:
        """How many nodes of a block each node of the block before feeds, or each stream's batch."""
        layer = self.wiring.layers[level]
        if level > 0:
            return None if layer.parent is None else [int(n) for n in np.bincount(layer.parent)]
        return [int(n) for n in np.bincount(self.stream[layer.run])]

    def _initial_blocks(self, level: int) -> StackedLinear:
        n_inputs, n_outputs = self._sizes[level : level + 2]
        drawn = {seed: initial_block(seed, level, n_inputs, n_outputs) for seed in self.seeds}
        parts = [drawn[self.members[run].seed] for run in self.wiring.layers[level].run]
        weight, bias = (np.stack(values) for values in zip(*parts, strict=True))
        return self._stack(weight, bias, self._fan_out(level))

    def _initial_heads(self) -> StackedLinear:
        w = self.wiring
        n_nodes, n_inputs = len(w.layers[-1].run), self._sizes[-1]
        weight, bias = np.zeros((n_nodes, w.n_columns, n_inputs)), np.zeros((n_nodes, w.n_columns))
        names = list(self._n_outputs)
        branches = zip(
            w.branch_run, w.branch_task, w.branch_node, w.branch_column, w.branch_outputs, strict=True
        )
        for run, task, node, column, outputs in branches:
            columns = slice(column, column + outputs)
            weight[node, columns], bias[node, columns] = initial_head(
                self.members[run].seed, names[task], n_inputs, int(outputs)
            )
        return self._stack(weight, bias)

    def _stack(
        self, weight: np.ndarray, bias: np.ndarray, fan_out: Sequence[int] | None = None
    ) -> StackedLinear:
        place: Any = self._place
        return StackedLinear(
            torch.tensor(weight, **place), torch.tensor(bias, **place), fan_out=fan_out, product=self._product
        )

    def _buffer(self, role: str, level: int, n: int) -> Tensor:
        """Keep a buffer for the output (`out`) of each layer, and for its gradient (`grad`), for each B."""
        key = (role, level, n)
        if key not in self._buffers:
            shape = (*self.layers[level].bias.shape, n)
            self._buffers[key] = torch.empty(shape, **self._place)  # type: ignore[call-overload]
        return self._buffers[key]


def _consecutive(values: Sequence[object]) -> np.ndarray:
    """Number runs of equal values, [R]: a value that comes back later gets another number."""
    changes = [before != after for before, after in itertools.pairwise(values)]
    return np.cumsum([0, *changes])


def _nodes_of(runs: Sequence[int], owner: np.ndarray) -> Tensor:
    """Positions of the nodes that belong to these runs."""
    return torch.from_numpy(np.flatnonzero(np.isin(owner, runs)))
