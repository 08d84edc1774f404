"""`cgc`: customised gate control, experts that all tasks have in common and experts of each task's own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, final

from torch import Tensor

from taskgroup.models.sharing.experts import Experts
from taskgroup.models.sharing.gates import gate_shares, gate_width, gates, read_by_first_gates, weighted_sums
from taskgroup.models.sharing.kind import Copy, Extra, Kind, Outline


@final
class CGC(Kind):
    """Each task reads Σ_e softmax(G_t x)_e f_e(x), over the shared experts and its own.

    An expert is a copy of all tied blocks; gates are those of `mmoe`. Shared experts alone are exactly
    `mmoe`, one of them hard sharing; own experts alone, one a task, are exactly separate networks.

    Reference:
        Tang 2020, sec. 4.1.
    """

    mixes = True

    def __init__(self, outline: Outline, settings: Mapping[str, Any]) -> None:
        super().__init__(outline, settings)
        self._experts = Experts.of(outline.tasks, settings)

    def copies(self, level: int) -> tuple[Copy, ...]:  # noqa: D102
        return self._experts.copies() if self.is_tied(level) else super().copies(level)

    def extras(self) -> tuple[Extra, ...]:  # noqa: D102
        if self.outline.depth == 0:
            return ()
        own, heard = tuple((task,) for task in self.outline.tasks), self._experts.heard
        n_inputs = gate_width(self.outline, 0)
        return (gates("gate", 0, own, n_experts=len(heard[0]), n_inputs=n_inputs),)

    def mixed(self, level: int, seen: Sequence[Tensor], extras: Mapping[str, Tensor]) -> Tensor:  # noqa: D102
        if level < self.last:
            return seen[-1]
        heard = self._experts.heard
        read = read_by_first_gates(self.outline, seen, heard)
        shares = gate_shares(extras["gate"], read, heard=heard, n_experts=self._experts.n)
        return weighted_sums(shares, seen[-1])
