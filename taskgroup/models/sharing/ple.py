"""`ple`: progressive layered extraction, experts that are mixed after every tied block."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, final

import torch
from torch import Tensor

from taskgroup.models.sharing.experts import Experts
from taskgroup.models.sharing.gates import (
    gate_of_all,
    gate_shares,
    gate_width,
    gates,
    over_places,
    read_by_first_gates,
    weighted_sums,
)
from taskgroup.models.sharing.kind import Copy, Extra, Kind, Outline, Places


@final
class PLE(Kind):
    """An expert is a copy of one block; gates stand after each tied block.

    After each tied block a task's gate mixes the shared experts and its own, and the result is what the
    task's own experts in the next block read. Another gate mixes all experts of all tasks for the next
    block's shared experts; after the last tied block only the tasks' gates are left. Gates read what their
    experts have read (means over places where that is an image or a text; of texts at the first block, what
    it gives), without a bias.

    At depth 1 this is exactly `cgc`. Shared experts alone are one path for all tasks until the last tied
    block; own experts alone, one a task, are exactly separate networks.

    Reference:
        Tang 2020, sec. 4.2.
    """

    mixes = True

    def __init__(self, outline: Outline, settings: Mapping[str, Any]) -> None:
        super().__init__(outline, settings)
        self._experts = Experts.of(outline.tasks, settings)

    def copies(self, level: int) -> tuple[Copy, ...]:  # noqa: D102
        if not self.is_tied(level):
            return super().copies(level)
        return self._experts.copies(heard_by_all=self._has_shared_gate(level))

    def extras(self) -> tuple[Extra, ...]:  # noqa: D102
        found = []
        for level in range(self.outline.depth):
            n_inputs = gate_width(self.outline, level)
            if self._has_task_gates(level):
                n_heard = len(self._experts.heard[0])
                name, reached = f"gate {level}", self._reached(level)
                found.append(gates(name, level, reached, n_experts=n_heard, n_inputs=n_inputs))
            if self._has_shared_gate(level):
                name = f"shared gate {level}"
                found.append(gate_of_all(name, level, self._experts, n_inputs=n_inputs))
        return tuple(found)

    def mixed(self, level: int, seen: Sequence[Tensor], extras: Mapping[str, Tensor]) -> Tensor:  # noqa: D102
        experts, shares = self._experts, []
        if self._has_shared_gate(level):
            read = self._read_for_all(level, seen)
            shares.append(gate_shares(extras[f"shared gate {level}"], read, n_experts=experts.n))
        if self._has_task_gates(level):
            read, heard = self._read_by_tasks(level, seen), experts.heard
            shares.append(gate_shares(extras[f"gate {level}"], read, heard=heard, n_experts=experts.n))
        mixed = weighted_sums(torch.cat(shares, dim=1), seen[-1])
        return mixed if level == self.last else self._for_each_expert(mixed)

    def _for_each_expert(self, mixed: Tensor) -> Tensor:
        """What each expert of the next block reads, from the mixture for all tasks and those of each task."""
        experts = self._experts
        if experts.n_shared <= 1 and experts.n_own <= 1:
            return mixed
        first_task = min(experts.n_shared, 1)
        of_tasks = [first_task + task for task in experts.tasks for _ in range(experts.n_own)]
        places = torch.tensor([0] * experts.n_shared + of_tasks, device=mixed.device)
        return mixed.index_select(1, places)

    def _has_shared_gate(self, level: int) -> bool:
        return level < self.last and self._experts.n_shared > 0

    def _has_task_gates(self, level: int) -> bool:
        return level == self.last or self._experts.n_own > 0

    def _read_for_all(self, level: int, seen: Sequence[Tensor]) -> Tensor:
        """What the shared experts have read."""
        if level == 0:
            return read_by_first_gates(self.outline, seen, [range(self._experts.n)])
        return over_places(seen[-2][:, :1])

    def _read_by_tasks(self, level: int, seen: Sequence[Tensor]) -> Tensor:
        """What each task's own experts have read; without any, what the shared ones have."""
        experts = self._experts
        if level == 0:
            return read_by_first_gates(self.outline, seen, experts.heard)
        if experts.n_own == 0:
            return over_places(seen[-2][:, :1])
        return over_places(seen[-2][:, experts.n_shared :: experts.n_own])

    def _reached(self, level: int) -> list[Places]:
        """The tasks that each task's gate reaches: all, where a shared gate above hears its experts."""
        tasks = self.outline.tasks
        return [tasks if self._has_shared_gate(level + 1) else (task,) for task in tasks]
