"""`cross_stitch`: an encoder for each task, mixed after every block."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import final

from torch import Tensor

from taskgroup.models.sharing.kind import Copy, Extra, Kind, Places
from taskgroup.models.sharing.mixing import mix_columns, stitch


@final
class CrossStitch(Kind):
    """After each tied block every task reads Σ_u α_tu h_u, over all tasks' activations h_u.

    One matrix α [T, T] a block, for all its units alike (Misra 2016 also has one for each channel). It starts
    with `own` on the diagonal and (1 - own) / (T - 1) elsewhere, and is learned at the run's learning rate
    without weight decay; Misra takes rates that are 100 to 1,000 times the encoder's. With `own` at 1 the
    start is that of separate networks.

    Reference:
        Misra 2016, sec. 3.
    """

    mixes = True

    def copies(self, level: int) -> tuple[Copy, ...]:  # noqa: D102
        reached = [self.outline.tasks if self.is_tied(level) else (task,) for task in self.outline.tasks]
        return tuple(map(Copy, reached))

    def extras(self) -> tuple[Extra, ...]:  # noqa: D102
        start = stitch(self.outline.n_tasks, float(self.settings["own"]))
        return tuple(
            Extra(f"alpha {level}", self._reached(level), lambda seed, subset: start, decays=False)
            for level in range(self.outline.depth)
        )

    def mixed(self, level: int, seen: Sequence[Tensor], extras: Mapping[str, Tensor]) -> Tensor:  # noqa: D102
        return mix_columns(extras[f"alpha {level}"], seen[-1])

    def _reached(self, level: int) -> tuple[Places, ...]:
        tasks = self.outline.tasks
        return tuple((task,) if level == self.last else tasks for task in tasks)
