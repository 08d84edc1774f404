"""The MLP encoders and heads of a whole cohort, as stacked layers wired to a forest."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import final

import numpy as np
import torch
from torch import Tensor

from taskgroup.models.initial import initial_block, initial_head
from taskgroup.models.stacked_linear import StackedLinear
from taskgroup.models.wiring import Wiring, wire
from taskgroup.spec import RunSpec


@final
class StackedMLP:
    """R multi-task MLPs (linear + ReLU blocks, linear heads) trained together.

    Args:
        members: The runs; those with the same seed stand together.
        n_inputs: Input features D.
        widths: Width of each encoder block.
        n_outputs: Output columns of every task, in task-list order.
        dtype: Of all weights and activations.
        device: Where they live.
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
    ) -> None:
        self._sizes = (n_inputs, *widths)
        self._n_outputs = dict(n_outputs)
        self._place = {"dtype": dtype, "device": device}
        self._rewire(members)
        self.blocks = [self._initial_blocks(level) for level in range(len(widths))]
        self.head = self._initial_heads()

    @property
    def layers(self) -> list[StackedLinear]:
        """The encoder blocks and the heads, first to last."""
        return [*self.blocks, self.head]

    @cached_property
    def layer_runs(self) -> list[np.ndarray]:
        """For each of `layers`, the run that each node belongs to."""
        runs = [layer.run for layer in self.wiring.layers]
        return [*runs, runs[-1]]

    def forward(self, batches: Sequence[Tensor]) -> Tensor:
        """Compute all heads' outputs.

        Args:
            batches: One [D, B] input a seed, in the order of `seeds`.

        Returns:
            Shape [nodes, columns, B]; a buffer that the next call with the same B overwrites.
        """
        n = batches[0].shape[1]
        h = self.blocks[0].forward_common(batches, self._bounds, self._buffer("out", 0, n)).relu_()
        for level in range(1, len(self.blocks)):
            h = self.blocks[level].forward(self._feed(level, h), self._buffer("out", level, n)).relu_()
        return self.head.forward(h, self._buffer("out", len(self.blocks), n))

    def backward(self, batches: Sequence[Tensor], grad: Tensor) -> None:
        """Fill the gradients of all layers after `forward` on the same batches.

        Args:
            batches: As given to `forward`.
            grad: Gradient of the loss with respect to the outputs, [nodes, columns, B].
        """
        n, top = grad.shape[2], len(self.blocks)
        h = self._buffer("out", top - 1, n)
        grad = self.head.backward(grad, h, self._buffer("in_grad", top, n))
        for level in range(top - 1, 0, -1):
            _relu_backward(grad, self._buffer("out", level, n))
            x = self._fed(level, n)
            grad = self._merge(
                level, self.blocks[level].backward(grad, x, self._buffer("in_grad", level, n)), n
            )
        _relu_backward(grad, self._buffer("out", 0, n))
        self.blocks[0].backward_common(grad, batches, self._bounds)

    def keep(self, runs: Sequence[int]) -> None:
        """Drop all runs but these (positions in `members`, ascending)."""
        for layer, owner in zip(self.layers, self.layer_runs, strict=True):
            layer.keep(torch.from_numpy(np.flatnonzero(np.isin(owner, runs))))
        self._rewire([self.members[i] for i in runs])
        columns = self.wiring.n_columns
        if columns < self.head.weight.shape[1]:
            self.head = StackedLinear(
                self.head.weight[:, :columns].contiguous(), self.head.bias[:, :columns].contiguous()
            )

    def _rewire(self, members: Sequence[RunSpec]) -> None:
        self.members = tuple(members)
        self.__dict__.pop("layer_runs", None)
        self.wiring: Wiring = wire(members, self._n_outputs, len(self._sizes) - 1)
        self.seeds = tuple(dict.fromkeys(member.seed for member in members))
        node_seeds = [members[run].seed for run in self.wiring.layers[0].run]
        starts = [node_seeds.index(seed) for seed in self.seeds] + [len(node_seeds)]
        self._bounds = [slice(a, b) for a, b in itertools.pairwise(starts)]
        self._parents = [
            None if layer.parent is None else torch.from_numpy(layer.parent).to(self._place["device"])
            for layer in self.wiring.layers
        ]
        self._buffers: dict[tuple[str, int, int], Tensor] = {}

    def _initial_blocks(self, level: int) -> StackedLinear:
        n_inputs, n_outputs = self._sizes[level : level + 2]
        drawn = {seed: initial_block(seed, level, n_inputs, n_outputs) for seed in self.seeds}
        parts = [drawn[self.members[run].seed] for run in self.wiring.layers[level].run]
        return self._stack(np.stack([p[0] for p in parts]), np.stack([p[1] for p in parts]))

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

    def _stack(self, weight: np.ndarray, bias: np.ndarray) -> StackedLinear:
        return StackedLinear(torch.tensor(weight, **self._place), torch.tensor(bias, **self._place))  # type: ignore[arg-type]

    def _buffer(self, role: str, level: int, n: int) -> Tensor:
        """Keep one buffer for each role, layer and number of examples.

        Roles: the layer's output (`out`), its gathered input (`fed`), the gradient of that (`in_grad`), and
        that gradient summed over the nodes of one parent (`merged`).
        """
        key = (role, level, n)
        if key not in self._buffers:
            n_outputs, n_inputs = self.layers[level].weight.shape[1:]
            n_nodes = len(self.layer_runs[level - 1 if role == "merged" else level])
            shape = (n_nodes, n_outputs if role == "out" else n_inputs, n)
            self._buffers[key] = torch.empty(shape, **self._place)  # type: ignore[call-overload]
        return self._buffers[key]

    def _feed(self, level: int, h: Tensor) -> Tensor:
        parent = self._parents[level]
        if parent is None:
            return h
        return torch.index_select(h, 0, parent, out=self._buffer("fed", level, h.shape[2]))

    def _fed(self, level: int, n: int) -> Tensor:
        """The input that `_feed` gave to a layer in the forward pass."""
        if self._parents[level] is None:
            return self._buffer("out", level - 1, n)
        return self._buffer("fed", level, n)

    def _merge(self, level: int, grad: Tensor, n: int) -> Tensor:
        """Sum the input gradients of a layer's nodes over those that share a parent."""
        parent = self._parents[level]
        if parent is None:
            return grad
        return self._buffer("merged", level, n).zero_().index_add_(0, parent, grad)


def _relu_backward(grad: Tensor, activation: Tensor) -> None:
    torch.ops.aten.threshold_backward.grad_input(grad, activation, 0, grad_input=grad)
