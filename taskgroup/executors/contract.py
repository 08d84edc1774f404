"""Where cohorts are trained: in this process, in worker processes, or by the user's own function."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol

from taskgroup.spec import RunResult, RunSpec


class Executor(Protocol):
    """Trains runs and hands each cohort back as soon as it is done.

    An executor decides nothing: which runs, in which order and what to keep is the caller's. A run that fails
    comes back as a failed result; only what makes every further run pointless is raised.
    """

    def pack(self, specs: Sequence[RunSpec]) -> list[list[RunSpec]]:
        """Divide runs into cohorts; the same list gives the same cohorts."""
        ...

    def train(self, cohorts: Sequence[Sequence[RunSpec]]) -> Iterator[list[RunResult]]:
        """Train cohorts and yield the results of each in the order in which they finish."""
        ...

    def close(self) -> None:
        """Let go of processes and memory."""
        ...
