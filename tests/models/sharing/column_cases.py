"""One small network of a kind with weights drawn anew, and its parts for twins written by hand."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from taskgroup.models import StackedColumns
from taskgroup.spec import RunSpec, Sharing

N_OUTPUTS = {"a": 2, "b": 1, "c": 1}
TASKS = tuple(N_OUTPUTS)
KINDS = {"a": "multiclass", "b": "binary", "c": "binary"}


@dataclass(frozen=True)
class Case:
    """A network of one run, its parameters by name, [K, ...], and an input [D, B]."""

    network: StackedColumns
    parts: dict[str, Tensor]
    x: Tensor

    def block(self, level: int, copy: int, h: Tensor) -> Tensor:
        """One copy of a block on [I, B]."""
        weight, bias = (self.parts[f"{part} {level}"][copy] for part in ("weight", "bias"))
        return (weight @ h + bias.unsqueeze(1)).relu()

    def head(self, place: int, h: Tensor) -> Tensor:
        """One head on [F, B]."""
        return self.parts["head weight"][place] @ h + self.parts["head bias"][place].unsqueeze(1)

    def outputs(self) -> list[Tensor]:
        """What the network gives for each task, [K, B]."""
        z = self.network.forward(self.x.unsqueeze(0))
        return [z[place, : N_OUTPUTS[task]] for place, task in enumerate(TASKS)]

    def check(self, expected: list[Tensor]) -> None:
        """That the outputs are those of a twin, which may have padding."""
        for z, own in zip(self.outputs(), expected, strict=True):
            torch.testing.assert_close(z, own[: len(z)], rtol=1e-12, atol=1e-12)


def run(kind: str, depth: int, *, subset: tuple[str, ...] = TASKS, seed: int = 0) -> RunSpec:
    return RunSpec(subset, Sharing(kind, depth), "equal", 0.01, 0.0, seed)


def case(kind: str, depth: int, sizes: tuple[int, ...] = (5, 6, 6, 4)) -> Case:
    network = StackedColumns(
        [run(kind, depth)],
        n_inputs=sizes[0],
        widths=sizes[1:],
        n_outputs=N_OUTPUTS,
        kinds=KINDS,
        dtype=torch.float64,
    )
    generator = torch.Generator().manual_seed(7)
    for t in network.trained:
        t.value.copy_(torch.randn(t.value.shape, generator=generator, dtype=torch.float64) * 0.7)
    parts = {t.name: t.value.clone() for t in network.trained}
    return Case(network, parts, torch.randn(sizes[0], 9, generator=generator, dtype=torch.float64))
