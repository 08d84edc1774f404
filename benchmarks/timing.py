"""Timing contenders in turns, so that a busy neighbour slows all of them alike."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from statistics import median


@dataclass
class Contender:
    """Something to time.

    Attributes:
        name: What it is called in tables.
        run: Does the job once.
        n_runs: How many network trainings that is.
        cpu_seconds: Processor time of each turn.
        wall_seconds: Elapsed time of each turn.
    """

    name: str
    run: Callable[[], object]
    n_runs: int = 1
    cpu_seconds: list[float] = field(default_factory=list)
    wall_seconds: list[float] = field(default_factory=list)

    @property
    def cpu_ms_a_run(self) -> float:
        """Median over turns."""
        return 1000 * median(self.cpu_seconds) / self.n_runs

    @property
    def wall_ms_a_run(self) -> float:
        """Median over turns."""
        return 1000 * median(self.wall_seconds) / self.n_runs

    def times_faster_than(self, other: Contender) -> float:
        """Ratio of processor time a run, the median over turns taken together."""
        pairs = zip(other.cpu_seconds, self.cpu_seconds, strict=True)
        return median(theirs / own for theirs, own in pairs) * self.n_runs / other.n_runs

    def take_a_turn(self) -> None:
        """Do the job once and note how long it took."""
        wall, cpu = time.perf_counter(), time.process_time()
        self.run()
        self.cpu_seconds.append(time.process_time() - cpu)
        self.wall_seconds.append(time.perf_counter() - wall)


def take_turns(contenders: Sequence[Contender], rounds: int) -> None:
    """Time all contenders A B C A B C ...; a first round that warms up does not count."""
    for contender in contenders:
        contender.run()
    for _ in range(rounds):
        for contender in contenders:
            contender.take_a_turn()
