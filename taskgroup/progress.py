"""Progress on stderr: one live line on a terminal, a plain line a stage elsewhere."""

from __future__ import annotations

import sys
from typing import final

from taskgroup.search import Progress, Silent


def shown(*, quiet: bool = False) -> Progress:
    """The progress display that suits stderr."""
    if quiet:
        return Silent()
    return LiveProgress() if sys.stderr.isatty() else PlainProgress()


@final
class PlainProgress:
    """Writes a line when a stage begins and when something was found."""

    def __init__(self) -> None:
        self._stage = ""

    def stage(self, name: str, n_runs: int) -> None:
        """Announce a stage once."""
        if name != self._stage:
            self._stage = name
            sys.stderr.write(f"{name} ...\n")

    def advance(self, n_runs: int, n_failed: int) -> None:
        """Only failures are worth a line."""
        if n_failed:
            sys.stderr.write(f"{n_failed} of {n_runs} runs failed\n")

    def note(self, text: str) -> None:
        """Write it."""
        sys.stderr.write(f"{text}\n")

    def close(self) -> None:
        """Nothing to take away."""


@final
class LiveProgress:
    """A bar with the runs done and the time left in the stage; what was found stands above it."""

    def __init__(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
        from rich.progress import Progress as Bars

        self._console = Console(stderr=True)
        self._bars = Bars(
            TextColumn("{task.description:<15}"),
            BarColumn(bar_width=30),
            MofNCompleteColumn(),
            TextColumn("runs, time left"),
            TimeRemainingColumn(compact=True),
            console=self._console,
            transient=True,
        )
        self._bar = self._bars.add_task("", total=None)
        self._name, self._total, self._done = "", 0, 0

    def stage(self, name: str, n_runs: int) -> None:
        """Begin a stage of so many runs, or make sure that a batch of so many fits into the current one."""
        if name != self._name:
            self._name, self._total, self._done = name, 0, 0
            self._bars.reset(self._bar, description=name)
        self._total = max(self._total, self._done + n_runs)
        self._bars.update(self._bar, total=self._total)
        self._bars.start()

    def advance(self, n_runs: int, n_failed: int) -> None:
        """Move the bar."""
        self._done += n_runs
        self._bars.update(self._bar, completed=self._done)
        if n_failed:
            self.note(f"{n_failed} of {n_runs} runs failed")
        if self._done >= self._total:
            self._bars.stop()

    def note(self, text: str) -> None:
        """Print it above the bar."""
        self._console.print(text, markup=False, highlight=False)

    def close(self) -> None:
        """Take the bar away; a stage may end with fewer runs than it might have had."""
        self._bars.stop()
