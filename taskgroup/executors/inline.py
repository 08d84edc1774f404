"""Training in this process, one cohort after the other."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import final

from taskgroup.spec import RunResult, RunSpec
from taskgroup.training import Trainer


@final
class InlineExecutor:
    """Trains with one trainer, in the calling thread.

    Args:
        trainer: Packs and trains.
    """

    def __init__(self, trainer: Trainer) -> None:
        self._trainer = trainer

    def pack(self, specs: Sequence[RunSpec]) -> list[list[RunSpec]]:
        """Pack as the trainer does."""
        return self._trainer.pack(specs)

    def train(self, cohorts: Sequence[Sequence[RunSpec]]) -> Iterator[list[RunResult]]:
        """Train each cohort when it is asked for."""
        return map(self._trainer.train, cohorts)

    def close(self) -> None:
        """Nothing to let go of."""
