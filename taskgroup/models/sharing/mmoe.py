"""`mmoe`: experts that all tasks have in common, mixed for each task by a gate of its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import final

from torch import Tensor

from taskgroup.models.sharing.gates import gate_shares, gate_width, gates, read_by_first_gates, weighted_sums
from taskgroup.models.sharing.kind import Copy, Extra, Kind


@final
class MMoE(Kind):
    """Each task reads Σ_e softmax(G_t x)_e f_e(x), over experts f_e of the tied blocks.

    The gates read the input x, flattened and without a bias; of texts, the mean features of the experts'
    first block. The first expert starts as the blocks of hard sharing do, each other one elsewhere, so that a
    single expert is exactly hard sharing.

    Reference:
        Ma 2018, sec. 4.2.
    """

    mixes = True

    def copies(self, level: int) -> tuple[Copy, ...]:  # noqa: D102
        if not self.is_tied(level):
            return super().copies(level)
        return tuple(Copy(self.outline.tasks, number) for number in range(int(self.settings["experts"])))

    def extras(self) -> tuple[Extra, ...]:  # noqa: D102
        if self.outline.depth == 0:
            return ()
        own = tuple((task,) for task in self.outline.tasks)
        n_inputs = gate_width(self.outline, 0)
        return (gates("gate", 0, own, n_experts=int(self.settings["experts"]), n_inputs=n_inputs),)

    def mixed(self, level: int, seen: Sequence[Tensor], extras: Mapping[str, Tensor]) -> Tensor:  # noqa: D102
        if level < self.last:
            return seen[-1]
        experts = seen[-1]
        read = read_by_first_gates(self.outline, seen, [range(experts.shape[1])])
        shares = gate_shares(extras["gate"], read, n_experts=experts.shape[1])
        return weighted_sums(shares, experts)
