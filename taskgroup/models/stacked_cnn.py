"""The `cnn` encoders and linear heads of a whole cohort as grouped convolutions: one group a node.

Worth it where a single network's step is mostly dispatch, as for images of 8 × 8; above that a processor
computes one network at a time faster (`benchmarks.encoders`).

Shape letters: N nodes of a layer, C channels in, O channels out, B examples.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from typing import Any, final

import numpy as np
import torch
from torch import Tensor, nn

from taskgroup.models.encoder import Encoder
from taskgroup.models.encoders.cnn import ConvolutionBlock, halved, n_groups
from taskgroup.models.gradient_reversal import Reversal, layer_factors, scale_gradient
from taskgroup.models.initial_heads import initial_heads
from taskgroup.models.network import Trained
from taskgroup.models.run_weights import plain_forest
from taskgroup.models.wiring import Wiring, wire
from taskgroup.spec import RunSpec

_HEAD = "head"
_HEAD_PARTS = ("weight", "bias")
_BLOCK_PARTS = ("convolution.weight", "convolution.bias", "norm.weight", "norm.bias")
_SCORING_ROWS = 256


@final
class StackedCnn:
    """R multi-task convolutional networks trained together.

    Args:
        members: The runs; those with the same seed stand together.
        encoder: Builds `ConvolutionBlock`s.
        n_outputs: Output columns of every task, in task-list order.
        reversal: The adversarial tasks, whose gradient is reversed where it enters shared blocks.
        dtype: Of all weights and activations.
        device: Where they live.
    """

    def __init__(
        self,
        members: Sequence[RunSpec],
        *,
        encoder: Encoder,
        n_outputs: Mapping[str, int],
        reversal: Reversal | None = None,
        dtype: torch.dtype = torch.float32,
        device: torch.device | str = "cpu",
    ) -> None:
        self._encoder, self._n_outputs = encoder, dict(n_outputs)
        self._reversal = dict(reversal or {})
        self._place: dict[str, Any] = {"dtype": dtype, "device": device}
        self._rewire(members)
        self._tensors: dict[str, Tensor] = {}
        self._hold(self._initial_blocks() | self._initial_heads())

    @property
    def trained(self) -> list[Trained]:
        """All parameters, stacked over nodes."""
        return [
            Trained(name, value.detach(), value.grad, self._owner(name), self._shared(name))
            for name, value in self._tensors.items()
            if value.grad is not None
        ]

    def forward(self, x: Tensor) -> Tensor:
        """All heads' outputs in training."""
        with torch.enable_grad():
            self._outputs = self._compute(x)
        return self._outputs.detach()

    def backward(self, x: Tensor, grad: Tensor, *, again: bool = False) -> None:
        """Fill the gradients of all parameters by autograd."""
        torch._foreach_zero_([value.grad for value in self._tensors.values() if value.grad is not None])
        torch.autograd.backward(self._outputs, grad, retain_graph=again)

    def after_step(self) -> None:
        """Nothing: tasks are tied by gradients alone."""

    def evaluate(self, x: Tensor) -> Tensor:
        """All heads' outputs in scoring."""
        with torch.no_grad():
            return torch.cat([self._compute(part) for part in torch.split(x, _SCORING_ROWS, dim=2)], dim=2)

    def finite(self) -> np.ndarray:
        """Which runs have only finite weights, [R]."""
        fine = np.ones(len(self.members), dtype=bool)
        for name, value in self._tensors.items():
            bad = ~value.detach().flatten(1).sum(dim=1).isfinite().cpu().numpy()
            fine[self._owner(name)[bad]] = False
        return fine

    def keep(self, runs: Sequence[int]) -> None:
        """Drop all runs but these."""
        nodes = {name: _nodes_of(runs, self._owner(name)) for name in self._tensors}
        kept = {name: value.detach()[nodes[name]] for name, value in self._tensors.items()}
        self._rewire([self.members[i] for i in runs])
        names = [*self._block_names(), *self._head_names()]
        self._hold(
            {n: kept[n][:, : self.wiring.n_columns] if n.startswith(_HEAD) else kept[n] for n in names}
        )

    def take_weights(self, other: StackedCnn, runs: Sequence[int]) -> None:
        """Copy the weights of some runs of another network, all of them members here."""
        position = {member: run for run, member in enumerate(self.members)}
        own_runs = [position[other.members[run]] for run in runs]
        for name, value in self._tensors.items():
            if name not in other._tensors:
                continue
            source = other._tensors[name].detach()[_nodes_of(runs, other._owner(name))]
            columns = slice(source.shape[1]) if name.startswith(_HEAD) else slice(None)
            value.detach()[_nodes_of(own_runs, self._owner(name)), columns] = source

    def plain_weights(self, run: int) -> dict[str, Tensor]:
        """The state of a run's `RunNetwork`."""
        blocks = [
            {part: self._tensors[f"{level} {part}"] for part in _BLOCK_PARTS}
            for level in range(len(self.wiring.layers))
        ]
        heads = [
            {part: self._tensors[f"{_HEAD} {of_block.level} {part}"] for part in _HEAD_PARTS}
            for of_block in self.wiring.heads
        ]
        return plain_forest(self.wiring, run, blocks, heads)

    def _compute(self, x: Tensor) -> Tensor:
        """[S, D, B] to [nodes, columns, B]."""
        h = x.permute(2, 0, 1).reshape(x.shape[2], len(x), *self._encoder.input_shape)
        outputs = {}
        for level in range(len(self.wiring.layers)):
            h = self._convolve(level, h)
            if level in self._head_inputs:
                outputs[level] = self._heads_of(level, h)
        parts = [outputs[heads.level] for heads in self.wiring.heads]
        return parts[0] if len(parts) == 1 else torch.cat(parts)

    def _heads_of(self, level: int, h: Tensor) -> Tensor:
        """The heads that read a block's output [B, N, O, ...], to [heads, columns, B]."""
        nodes = self._head_inputs[level]
        h = h if nodes is None else h.index_select(1, nodes)
        h = h if h.ndim == 3 else h.flatten(3).mean(dim=3)
        features = h.permute(1, 2, 0)
        bias, weight = (self._tensors[f"{_HEAD} {level} {part}"] for part in reversed(_HEAD_PARTS))
        factor = self._head_factors.get(level)
        if factor is None:
            return torch.baddbmm(bias.unsqueeze(2), weight, features)
        # The heads learn by the first term alone, the encoder by the second, whose value is exactly zero.
        through = torch.bmm(weight.detach(), features)
        passed_on = scale_gradient(through - through.detach(), factor)
        return torch.baddbmm(bias.unsqueeze(2), weight, features.detach()) + passed_on

    def _convolve(self, level: int, h: Tensor) -> Tensor:
        """One block of all nodes, [B, M, C, ...] to [B, N, O, ...], or [B, N, O] by the last."""
        weight, bias, scale, shift = (self._tensors[f"{level} {part}"] for part in _BLOCK_PARTS)
        parent, n = self._parents[level], len(weight)
        h = h if parent is None else h.index_select(1, parent)
        factor = self._block_factors[level]
        if factor is not None:
            h = scale_gradient(h, factor)
        h = h.flatten(1, 2)
        h = nn.functional.conv2d(h, weight.flatten(0, 1), bias.flatten(), padding=1, groups=n)
        groups = n * n_groups(weight.shape[1])
        h = nn.functional.group_norm(h, groups, scale.flatten(), shift.flatten()).relu()
        last = level == self._encoder.n_blocks - 1
        h = h.mean(dim=(2, 3)) if last else halved(h)
        return h.reshape(len(h), n, -1, *h.shape[2:])

    def _rewire(self, members: Sequence[RunSpec]) -> None:
        self.members = tuple(members)
        self.wiring: Wiring = wire(members, self._n_outputs, self._encoder.n_blocks)
        self.seeds = tuple(dict.fromkeys(member.seed for member in members))
        self.stream = np.array([self.seeds.index(member.seed) for member in self.members])
        parents = [
            self.stream[self.wiring.layers[0].run],
            *(layer.parent for layer in self.wiring.layers[1:]),
        ]
        device = self._place["device"]
        self._parents = [None if p is None else torch.from_numpy(p).to(device) for p in parents]
        self._head_inputs = {
            heads.level: None
            if len(heads.node) == len(self.wiring.layers[heads.level].run)
            else torch.from_numpy(heads.node).to(device)
            for heads in self.wiring.heads
        }

        found = layer_factors(
            members, self.wiring, list(self._n_outputs), self._reversal, n_blocks=self._encoder.n_blocks
        )
        self._block_factors = [
            None if f is None else torch.tensor(f[..., None], **self._place) for f in found.blocks
        ]
        self._head_factors = {level: torch.tensor(f, **self._place) for level, f in found.heads.items()}

    def _hold(self, values: Mapping[str, Tensor]) -> None:
        self._tensors = {name: value.contiguous().requires_grad_() for name, value in values.items()}
        for value in self._tensors.values():
            value.grad = torch.zeros_like(value)

    def _owner(self, name: str) -> np.ndarray:
        """The run that each node of a tensor belongs to."""
        if name.startswith(_HEAD):
            return next(heads.run for heads in self.wiring.heads if name.split()[1] == str(heads.level))
        return self.wiring.layers[int(name.split()[0])].run

    def _shared(self, name: str) -> np.ndarray:
        """Which nodes of a tensor several tasks of their run go through."""
        if name.startswith(_HEAD):
            return np.zeros(len(self._owner(name)), dtype=bool)  # each column is a task's own
        return self.wiring.shared[int(name.split()[0])]

    def _initial_blocks(self) -> dict[str, Tensor]:
        blocks: dict[int, list[ConvolutionBlock]] = {s: self._encoder.blocks(s) for s in self.seeds}  # type: ignore[misc]
        return {
            f"{level} {part}": torch.stack(
                [blocks[self.members[run].seed][level].get_parameter(part).detach() for run in layer.run]
            ).to(**self._place)
            for level, layer in enumerate(self.wiring.layers)
            for part in _BLOCK_PARTS
        }

    def _initial_heads(self) -> dict[str, Tensor]:
        values = initial_heads(self.wiring, self.members, list(self._n_outputs), self._encoder.features_of)
        return {
            name: torch.tensor(value, **self._place)
            for name, value in zip(self._head_names(), itertools.chain(*values), strict=True)
        }

    def _block_names(self) -> list[str]:
        return [f"{level} {part}" for level in range(len(self.wiring.layers)) for part in _BLOCK_PARTS]

    def _head_names(self) -> list[str]:
        return [f"{_HEAD} {heads.level} {part}" for heads in self.wiring.heads for part in _HEAD_PARTS]


def _nodes_of(runs: Sequence[int], owner: np.ndarray) -> Tensor:
    """Positions of the nodes that belong to these runs."""
    return torch.from_numpy(np.flatnonzero(np.isin(owner, runs)))
