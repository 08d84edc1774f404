"""The networks of a cohort as plain modules, one a run, trained by autograd.

Slower than stacked layers where layers are small, but it takes any module, and what a run computes does not
depend on its company.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import final

import numpy as np
import torch
from torch import Tensor

from taskgroup.models.encoder import Encoder
from taskgroup.models.gradient_reversal import Reversal
from taskgroup.models.network import Trained
from taskgroup.models.run_network import HeadMaker, RunNetwork, linear_head
from taskgroup.models.sharing import ColumnsNetwork, in_columns
from taskgroup.models.wiring import Wiring, apart, wire
from taskgroup.seeds import derive_seed
from taskgroup.spec import RunSpec

_SCORING_ROWS = 256  # keeps the activations of convolutions near the caches


@final
class ModuleNetwork:
    """R networks of any modules.

    Args:
        members: The runs; those with the same seed stand together.
        encoder: Builds the blocks.
        n_outputs: Output columns of every task, in task-list order.
        kinds: Kind of every task, for kinds of sharing whose heads depend on it.
        make_head: Builds the heads.
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
        kinds: Mapping[str, str] | None = None,
        make_head: HeadMaker = linear_head,
        reversal: Reversal | None = None,
        dtype: torch.dtype = torch.float32,
        device: torch.device | str = "cpu",
    ) -> None:
        self._encoder, self._n_outputs = encoder, dict(n_outputs)

        def module(run: RunSpec) -> RunNetwork | ColumnsNetwork:
            if in_columns(run.sharing):
                return ColumnsNetwork(run, encoder, n_outputs, kinds or {}, make_head)
            return RunNetwork(run, encoder, n_outputs, make_head, reversal=reversal)

        self._runs = [_Run(number, run, module(run).to(device, dtype)) for number, run in enumerate(members)]
        self._wire()

    @property
    def trained(self) -> list[Trained]:
        """Each parameter of each run as a stack of one."""
        return [
            Trained(
                f"run {run.number}: {name}",
                value.detach().unsqueeze(0),
                grad.unsqueeze(0),
                np.array([i]),
                shared=np.array([run.module.is_shared(name)]),
                decays=run.module.decays(name),
            )
            for i, run in enumerate(self._runs)
            for (name, value), grad in zip(run.parameters, run.grads, strict=True)
        ]

    def forward(self, x: Tensor) -> Tensor:
        """All heads' outputs in training."""
        batches = self._batches(x)
        for run in self._runs:
            run.forward(batches[run.spec.seed])
        return self._placed([[z.detach() for z in run.outputs] for run in self._runs], x)

    def backward(self, x: Tensor, grad: Tensor, *, again: bool = False) -> None:
        """Fill the gradients of all parameters by autograd."""
        branch = 0
        for run in self._runs:
            n_branches = len(run.outputs)
            run.backward([self._of(grad, b).t() for b in range(branch, branch + n_branches)], again=again)
            branch += n_branches

    def after_step(self) -> None:
        """Change weights once the optimiser has, where a run's kind of sharing does."""
        for run in self._runs:
            run.module.after_step()

    def evaluate(self, x: Tensor) -> Tensor:
        """All heads' outputs in scoring."""
        parts = []
        for chunk in torch.split(x, _SCORING_ROWS, dim=2):
            batches = self._batches(chunk)
            parts.append(self._placed([run.evaluate(batches[run.spec.seed]) for run in self._runs], chunk))
        return torch.cat(parts, dim=2)

    def finite(self) -> np.ndarray:
        """Which runs have only finite weights, [R]."""
        return np.array([run.finite() for run in self._runs])

    def keep(self, runs: Sequence[int]) -> None:
        """Drop all runs but these."""
        self._runs = [self._runs[i] for i in runs]
        self._wire()

    def take_weights(self, other: ModuleNetwork, runs: Sequence[int]) -> None:
        """Copy weights and running statistics."""
        own = {run.spec: run for run in self._runs}
        for i in runs:
            source = other._runs[i]
            own[source.spec].module.load_state_dict(source.module.state_dict())

    def plain_weights(self, run: int) -> dict[str, Tensor]:
        """The state of a run's module."""
        return dict(self._runs[run].module.state_dict())

    def _wire(self) -> None:
        self.members = tuple(run.spec for run in self._runs)
        self.seeds = tuple(dict.fromkeys(member.seed for member in self.members))
        self.stream = np.array([self.seeds.index(member.seed) for member in self.members])
        laid_out = [apart(member) if in_columns(member.sharing) else member for member in self.members]
        self.wiring: Wiring = wire(laid_out, self._n_outputs, self._encoder.n_blocks)

    def _batches(self, x: Tensor) -> dict[int, Tensor]:
        """The inputs of each seed, [B, ...]."""
        shape = (-1, *self._encoder.input_shape)
        return {seed: rows.t().reshape(shape) for seed, rows in zip(self.seeds, x, strict=True)}

    def _placed(self, outputs: Sequence[Sequence[Tensor]], x: Tensor) -> Tensor:
        """Lay the heads' outputs [B, K] side by side as the wiring says, [nodes, columns, B]."""
        w = self.wiring
        placed = x.new_zeros(w.n_output_nodes, w.n_columns, x.shape[2])
        for branch, z in enumerate(z for of_run in outputs for z in of_run):
            self._of(placed, branch).copy_(z.t())
        return placed

    def _of(self, placed: Tensor, branch: int) -> Tensor:
        """A branch's part of [nodes, columns, B]."""
        w = self.wiring
        first = int(w.branch_column[branch])
        return placed[int(w.branch_node[branch]), first : first + int(w.branch_outputs[branch])]


@final
class _Run:
    """One run's modules, their gradients, and the outputs of its last forward pass.

    Random numbers (dropout) are drawn by the run's seed and step, so that company changes nothing.
    """

    def __init__(self, number: int, spec: RunSpec, module: RunNetwork | ColumnsNetwork) -> None:
        self.number, self.spec, self.module = number, spec, module
        self.parameters = [(name, p) for name, p in module.named_parameters() if p.requires_grad]
        for _, parameter in self.parameters:
            parameter.grad = torch.zeros_like(parameter)
        self.outputs: list[Tensor] = []
        self._n_steps = 0

    @property
    def grads(self) -> list[Tensor]:
        """Where autograd adds up, in the order of `parameters`."""
        return [parameter.grad for _, parameter in self.parameters if parameter.grad is not None]

    def forward(self, x: Tensor) -> None:
        torch.manual_seed(derive_seed(self.spec.seed, "noise", self._n_steps))
        self._n_steps += 1
        with torch.enable_grad():
            self.outputs = self.module.train().forward(x)

    def backward(self, grads: Sequence[Tensor], *, again: bool) -> None:
        torch._foreach_zero_(self.grads)
        torch.autograd.backward(self.outputs, grads, retain_graph=again)
        if not again:
            self.outputs = []

    def evaluate(self, x: Tensor) -> list[Tensor]:
        with torch.no_grad():
            return self.module.train(False).forward(x)

    def finite(self) -> bool:
        sums = torch.stack([parameter.detach().sum() for _, parameter in self.parameters])
        return bool(sums.isfinite().all())
