"""What every sampling does: it puts the rows that an epoch trains on in order."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from taskgroup.training.sampling.draws import Indices, StreamDraws


class Sampling(Protocol):
    """Decides which rows of which task stand where in an epoch.

    Attributes:
        mixes_tasks: Whether a batch holds rows of several tasks, as weightings that compare the losses of
            the tasks in each step need it.
        needs_validation: Whether the order of an epoch depends on the validation losses after those before.
            Runs on the same rows then no longer see them in the same order.
        needs_single_tasks: Whether those are compared with the ones of single-task runs.
    """

    @property
    def mixes_tasks(self) -> bool:
        """As above; a property, so that classes may fix it."""

    @property
    def needs_validation(self) -> bool:
        """As above."""

    @property
    def needs_single_tasks(self) -> bool:
        """As above."""

    def n_steps(self, sizes: Sequence[int], batch_size: int) -> int:
        """Batches of an epoch of tasks with so many training rows."""

    def order(self, draws: StreamDraws, *, batch_size: int, progress: float) -> Indices:
        """Put an epoch in order.

        Args:
            draws: The rows of the tasks, what is known of them, and the random numbers of the epoch.
            batch_size: Rows a step.
            progress: How much of the training is over, from 0 in the first to 1 in the last epoch.

        Returns:
            Row numbers, batch after batch; -1 where a batch is not full. The last batch may be short.
        """
