"""The MLP encoders and heads of a whole cohort, as stacked layers wired to a forest."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any, NamedTuple, final

import numpy as np
import torch
from torch import Tensor

from taskgroup.models.gradient_reversal import Reversal, layer_factors
from taskgroup.models.initial import initial_block
from taskgroup.models.initial_heads import initial_heads
from taskgroup.models.network import Trained
from taskgroup.models.products import Product, torch_product
from taskgroup.models.run_weights import plain_forest
from taskgroup.models.stacked_linear import StackedLinear
from taskgroup.models.streams import StreamOf, by_seed, numbered_streams
from taskgroup.models.wiring import Heads, Wiring, wire
from taskgroup.spec import RunSpec

_relu_backward = torch.ops.aten.threshold_backward.grad_input


class _Reading(NamedTuple):
    """A block and the gradient of its output, ahead of its ReLU; None above the last block."""

    level: int
    grad: Tensor | None


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
        reversal: The adversarial tasks, whose gradient is reversed where it enters shared blocks.
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
        stream: StreamOf = by_seed,
        reversal: Reversal | None = None,
    ) -> None:
        self._sizes = (n_inputs, *widths)
        self._stream, self._reversal = stream, dict(reversal or {})
        self._n_outputs = dict(n_outputs)
        self._place = {"dtype": dtype, "device": device}
        self._product = product
        self._rewire(members)
        self.blocks = [self._initial_blocks(level) for level in range(len(self.wiring.layers))]
        self.heads = self._initial_heads()

    @property
    def layers(self) -> list[StackedLinear]:
        """The encoder blocks and the heads, first to last."""
        return [*self.blocks, *self.heads]

    @property
    def head(self) -> StackedLinear:
        """The heads above the highest block."""
        return self.heads[0]

    @property
    def trained(self) -> list[Trained]:
        """Weights and biases of all layers."""
        trained = []
        own = [np.zeros(len(heads.run), dtype=bool) for heads in self.wiring.heads]  # a column is one task's
        parts = zip(self._layer_names, self.layers, self.layer_runs, [*self.wiring.shared, *own], strict=True)
        for name, layer, owner, shared in parts:
            trained.append(Trained(f"weight {name}", layer.weight, layer.weight_grad, owner, shared))
            trained.append(Trained(f"bias {name}", layer.bias, layer.bias_grad, owner, shared))
        return trained

    @cached_property
    def layer_runs(self) -> list[np.ndarray]:
        """For each of `layers`, the run that each node belongs to."""
        return [*(layer.run for layer in self.wiring.layers), *(heads.run for heads in self.wiring.heads)]

    def forward(self, x: Tensor) -> Tensor:
        """Compute all heads' outputs.

        Args:
            x: One input a stream, in their order, [S, D, B].

        Returns:
            Shape [nodes, columns, B]; a buffer that the next call with the same B overwrites.
        """
        n = x.shape[2]
        outputs = self._buffer("out", len(self.blocks), n)
        for level, block in enumerate(self.blocks):
            x = block.forward(x, self._buffer("out", level, n)).relu_()
            if level in self._heads_above:
                head, own = self._heads_above[level]
                head.forward(x, outputs[own])
        return outputs

    def backward(self, x: Tensor, grad: Tensor, *, again: bool = False) -> None:
        """Fill the gradients of all layers after `forward` on the same input, as often as wanted.

        Args:
            x: As given to `forward`.
            grad: Gradient of the loss with respect to the outputs, [nodes, columns, B].
            again: Whether another backward pass follows; activations outlive them all.
        """
        n_blocks = len(self.blocks)
        self.blocks[0].backward(self._backward_to(0, grad, _Reading(n_blocks, None)), x)

    def backward_private(self, x: Tensor, grad: Tensor) -> None:
        """As `backward`, for heads and blocks without nodes of several tasks; `backward_shared` follows."""
        first, n = self._first_private, grad.shape[2]
        self._output_grad, self._private_grad = grad, None
        if first < len(self.blocks):
            self._private_grad = self._backward_to(first, grad, _Reading(len(self.blocks), None))
            inputs = x if first == 0 else self._buffer("out", first - 1, n)
            self.blocks[first].backward(self._private_grad, inputs)
        for level, (head, own) in self._heads_above.items():
            if level < first:
                head.backward(grad[own], self._buffer("out", level, n))

    def backward_shared(self, x: Tensor, mask: Tensor) -> None:
        """Fill the gradients of the other layers from some tasks' losses alone, after `backward_private`.

        Args:
            x: As given to `forward`.
            mask: 1 for the outputs of these tasks, else 0, [nodes, columns, 1].
        """
        first, above = self._first_private, self._private_grad
        if first == 0:
            return
        if above is not None:
            above = above * mask.amax(dim=1, keepdim=True)[self._outputs_of_private]
        below = self._backward_to(0, self._output_grad * mask, _Reading(first, above), fills=False)
        self.blocks[0].backward(below, x)

    @cached_property
    def _first_private(self) -> int:
        """The first of the blocks from which on no node serves several tasks."""
        return max((level + 1 for level, shared in enumerate(self.wiring.shared) if shared.any()), default=0)

    @cached_property
    def _outputs_of_private(self) -> Tensor:
        """The output node above each node of the first block without shared ones."""
        return torch.from_numpy(self.wiring.outputs_above(self._first_private)).to(self._place["device"])

    def _backward_to(self, to: int, grad: Tensor, start: _Reading, *, fills: bool = True) -> Tensor:
        """Go back from heads and blocks to the output of a block, ahead of its ReLU.

        Args:
            to: The block.
            grad: Of the heads' outputs, [nodes, columns, B].
            start: The block that is followed first, and the gradient of its output.
            fills: Whether it and the heads get their own gradients, as all blocks below it do.
        """
        n, above = grad.shape[2], start.grad
        for level in range(start.level - 1, to - 1, -1):
            out, out_grad = self._buffer("out", level, n), self._buffer("grad", level, n)
            for place, (reader, own_grad, factor) in enumerate(self._readers(level, grad, above)):
                part = self._buffer("part of grad", level, n) if place else out_grad
                is_head = own_grad is not above
                if fills or not (is_head or level + 1 == start.level):
                    reader.backward(own_grad, out, part, factor=factor)
                else:
                    reader.backward_to_input(own_grad, part, factor=factor)
                if place:
                    out_grad.add_(part)
            above = _relu_backward(out_grad, out, 0, grad_input=out_grad)
        assert above is not None
        return above

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
        before = {
            name: (layer, _nodes_of(runs, owner))
            for name, layer, owner in zip(self._layer_names, self.layers, self.layer_runs, strict=True)
        }
        self._rewire([self.members[i] for i in runs])
        kept = [before[name] for name in self._layer_names]
        layers, n_blocks = [layer for layer, _ in kept], len(self.wiring.layers)
        self.blocks, self.heads = layers[:n_blocks], layers[n_blocks:]
        for level, (block, nodes) in enumerate(kept[:n_blocks]):
            block.keep(nodes, fan_out=self._fan_out(level))
        for heads, (head, nodes) in zip(self.wiring.heads, kept[n_blocks:], strict=True):
            head.keep(nodes, fan_out=self._head_fan_out(heads), n_outputs=self.wiring.n_columns)

    def take_weights(self, other: StackedMLP, runs: Sequence[int]) -> None:
        """Copy the weights of some runs of another network (positions there), all of them members here."""
        position = {member: run for run, member in enumerate(self.members)}
        own_runs = [position[other.members[run]] for run in runs]
        sources = dict(zip(other._layer_names, zip(other.layers, other.layer_runs, strict=True), strict=True))
        for name, layer, owner in zip(self._layer_names, self.layers, self.layer_runs, strict=True):
            if name not in sources:
                continue
            source, source_owner = sources[name]
            columns = slice(source.bias.shape[1])
            own, theirs = _nodes_of(own_runs, owner), _nodes_of(runs, source_owner)
            layer.weight[own, columns] = source.weight[theirs]
            layer.bias[own, columns] = source.bias[theirs]

    def plain_weights(self, run: int) -> dict[str, Tensor]:
        """The state of a run's `RunNetwork`."""
        blocks = [{"linear.weight": block.weight, "linear.bias": block.bias} for block in self.blocks]
        heads = [{"weight": head.weight, "bias": head.bias} for head in self.heads]
        return plain_forest(self.wiring, run, blocks, heads)

    def _rewire(self, members: Sequence[RunSpec]) -> None:
        self.members = tuple(members)
        for derived in ("layer_runs", "_heads_above", "_first_private", "_outputs_of_private"):
            self.__dict__.pop(derived, None)
        self.wiring: Wiring = wire(members, self._n_outputs, len(self._sizes) - 1)
        self.seeds = tuple(dict.fromkeys(member.seed for member in members))
        self.stream = numbered_streams(members, self._stream)
        self._buffers: dict[tuple[str, int, int], Tensor] = {}
        found = layer_factors(
            members, self.wiring, list(self._n_outputs), self._reversal, n_blocks=len(self._sizes) - 1
        )
        place: Any = self._place
        self._block_factors = [None if f is None else torch.tensor(f, **place) for f in found.blocks]
        self._head_factors = {level: torch.tensor(f, **place) for level, f in found.heads.items()}

    def _fan_out(self, level: int) -> list[int] | None:
        """How many nodes of a block each node of the block before feeds, or each stream's batch."""
        layer = self.wiring.layers[level]
        if level > 0:
            n_before = len(self.wiring.layers[level - 1].run)
            return None if layer.parent is None else _counts(layer.parent, n_before)
        return _counts(self.stream[layer.run], 0)

    def _head_fan_out(self, heads: Heads) -> list[int] | None:
        """How many output nodes each node of a block feeds; None where one each."""
        n_nodes = len(self.wiring.layers[heads.level].run)
        return None if len(heads.node) == n_nodes else _counts(heads.node, n_nodes)

    @cached_property
    def _heads_above(self) -> dict[int, tuple[StackedLinear, slice]]:
        """By block: the heads that read it, and which output nodes they are."""
        stops = itertools.accumulate(len(heads.run) for heads in self.wiring.heads)
        return {
            heads.level: (head, slice(stop - len(heads.run), stop))
            for heads, head, stop in zip(self.wiring.heads, self.heads, stops, strict=True)
        }

    def _readers(
        self, level: int, grad: Tensor, above: Tensor | None
    ) -> Iterator[tuple[StackedLinear, Tensor, Tensor | None]]:
        """What reads a block's output, each with its own output's gradient and what it multiplies it by."""
        if above is not None:
            yield self.blocks[level + 1], above, self._block_factors[level + 1]
        if level in self._heads_above:
            head, own = self._heads_above[level]
            yield head, grad[own], self._head_factors.get(level)

    @property
    def _layer_names(self) -> list[str]:
        """Of `layers`: the same before and after runs are dropped."""
        n_blocks = len(self._sizes) - 1
        blocks = [str(level) for level in range(len(self.wiring.layers))]
        levels = [heads.level + 1 for heads in self.wiring.heads]
        return [*blocks, *(str(n_blocks) if n == n_blocks else f"of heads on {n}" for n in levels)]

    def _initial_blocks(self, level: int) -> StackedLinear:
        n_inputs, n_outputs = self._sizes[level : level + 2]
        drawn = {seed: initial_block(seed, level, n_inputs, n_outputs) for seed in self.seeds}
        parts = [drawn[self.members[run].seed] for run in self.wiring.layers[level].run]
        weight, bias = (np.stack(values) for values in zip(*parts, strict=True))
        return self._stack(weight, bias, self._fan_out(level))

    def _initial_heads(self) -> list[StackedLinear]:
        """The heads of each block that has any, in the order of the wiring."""
        values = initial_heads(
            self.wiring, self.members, list(self._n_outputs), lambda level: self._sizes[level + 1]
        )
        return [
            self._stack(weight, bias, self._head_fan_out(heads))
            for heads, (weight, bias) in zip(self.wiring.heads, values, strict=True)
        ]

    def _stack(
        self, weight: np.ndarray, bias: np.ndarray, fan_out: Sequence[int] | None = None
    ) -> StackedLinear:
        place: Any = self._place
        return StackedLinear(
            torch.tensor(weight, **place), torch.tensor(bias, **place), fan_out=fan_out, product=self._product
        )

    def _buffer(self, role: str, level: int, n: int) -> Tensor:
        """Keep a buffer for the output (`out`) of each block, and for its gradient (`grad`), for each B."""
        key = (role, level, n)
        if key not in self._buffers:
            of_heads = (self.wiring.n_output_nodes, self.wiring.n_columns)
            shape = of_heads if level == len(self.blocks) else self.blocks[level].bias.shape
            self._buffers[key] = torch.empty((*shape, n), **self._place)  # type: ignore[call-overload]
        return self._buffers[key]


def _counts(values: np.ndarray, at_least: int) -> list[int]:
    """How often each of 0, 1, 2, ... stands among values."""
    return [int(n) for n in np.bincount(values, minlength=at_least)]


def _nodes_of(runs: Sequence[int], owner: np.ndarray) -> Tensor:
    """Positions of the nodes that belong to these runs."""
    return torch.from_numpy(np.flatnonzero(np.isin(owner, runs)))
