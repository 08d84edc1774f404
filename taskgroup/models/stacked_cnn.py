"""The `cnn` encoders and linear heads of a whole cohort as grouped convolutions: one group a node.

Worth it where a single network's step is mostly dispatch, as for images of 8 × 8; above that a processor
computes one network at a time faster (`benchmarks.encoders`).

Shape letters: N nodes of a layer, C channels in, O channels out, B examples.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, final

import numpy as np
import torch
from torch import Tensor, nn

from taskgroup.models.encoder import Encoder
from taskgroup.models.encoders.cnn import ConvolutionBlock, halved, n_groups
from taskgroup.models.initial import initial_head
from taskgroup.models.network import Trained
from taskgroup.models.wiring import Wiring, wire
from taskgroup.spec import RunSpec

_HEAD = "head"
_BLOCK_PARTS = ("convolution.weight", "convolution.bias", "norm.weight", "norm.bias")
_SCORING_ROWS = 256


@final
class StackedCnn:
    """R multi-task convolutional networks trained together.

    Args:
        members: The runs; those with the same seed stand together.
        encoder: Builds `ConvolutionBlock`s.
        n_outputs: Output columns of every task, in task-list order.
        dtype: Of all weights and activations.
        device: Where they live.
    """

    def __init__(
        self,
        members: Sequence[RunSpec],
        *,
        encoder: Encoder,
        n_outputs: Mapping[str, int],
        dtype: torch.dtype = torch.float32,
        device: torch.device | str = "cpu",
    ) -> None:
        self._encoder, self._n_outputs = encoder, dict(n_outputs)
        self._place: dict[str, Any] = {"dtype": dtype, "device": device}
        self._rewire(members)
        self._tensors: dict[str, Tensor] = {}
        self._hold(self._initial_blocks() | self._initial_heads())

    @property
    def trained(self) -> list[Trained]:
        """All parameters, stacked over nodes."""
        return [
            Trained(name, value.detach(), value.grad, self._owner(name))
            for name, value in self._tensors.items()
            if value.grad is not None
        ]

    def forward(self, x: Tensor) -> Tensor:
        """All heads' outputs in training; `backward` may follow once."""
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
        self._hold({n: v[:, : self.wiring.n_columns] if n.startswith(_HEAD) else v for n, v in kept.items()})

    def take_weights(self, other: StackedCnn, runs: Sequence[int]) -> None:
        """Copy the weights of some runs of another network, all of them members here."""
        position = {member: run for run, member in enumerate(self.members)}
        own_runs = [position[other.members[run]] for run in runs]
        for name, value in self._tensors.items():
            source = other._tensors[name].detach()[_nodes_of(runs, other._owner(name))]
            columns = slice(source.shape[1]) if name.startswith(_HEAD) else slice(None)
            value.detach()[_nodes_of(own_runs, self._owner(name)), columns] = source

    def _compute(self, x: Tensor) -> Tensor:
        """[S, D, B] to [nodes, columns, B]."""
        h = x.permute(2, 0, 1).reshape(x.shape[2], len(x), *self._encoder.input_shape)
        for level in range(self._encoder.n_blocks):
            h = self._convolve(level, h)
        features = h.permute(1, 2, 0)
        return torch.baddbmm(
            self._tensors[f"{_HEAD} bias"].unsqueeze(2), self._tensors[f"{_HEAD} weight"], features
        )

    def _convolve(self, level: int, h: Tensor) -> Tensor:
        """One block of all nodes, [B, M, C, ...] to [B, N, O, ...], or [B, N, O] by the last."""
        weight, bias, scale, shift = (self._tensors[f"{level} {part}"] for part in _BLOCK_PARTS)
        parent, n = self._parents[level], len(weight)
        h = (h if parent is None else h.index_select(1, parent)).flatten(1, 2)
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

    def _hold(self, values: Mapping[str, Tensor]) -> None:
        self._tensors = {name: value.contiguous().requires_grad_() for name, value in values.items()}
        for value in self._tensors.values():
            value.grad = torch.zeros_like(value)

    def _owner(self, name: str) -> np.ndarray:
        """The run that each node of a tensor belongs to."""
        level = -1 if name.startswith(_HEAD) else int(name.split()[0])
        return self.wiring.layers[level].run

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
        w, n_features, names = self.wiring, self._encoder.n_features, list(self._n_outputs)
        n_nodes = len(w.layers[-1].run)
        weight, bias = np.zeros((n_nodes, w.n_columns, n_features)), np.zeros((n_nodes, w.n_columns))
        for p in range(w.n_branches):
            node, columns = (
                w.branch_node[p],
                slice(w.branch_column[p], w.branch_column[p] + w.branch_outputs[p]),
            )
            seed, task = self.members[w.branch_run[p]].seed, names[w.branch_task[p]]
            weight[node, columns], bias[node, columns] = initial_head(
                seed, task, n_features, int(w.branch_outputs[p])
            )
        return {
            f"{_HEAD} weight": torch.tensor(weight, **self._place),
            f"{_HEAD} bias": torch.tensor(bias, **self._place),
        }


def _nodes_of(runs: Sequence[int], owner: np.ndarray) -> Tensor:
    """Positions of the nodes that belong to these runs."""
    return torch.from_numpy(np.flatnonzero(np.isin(owner, runs)))
