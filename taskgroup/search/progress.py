"""What a search says while it runs; how that looks is the command line's business."""

from __future__ import annotations

from typing import Protocol, final


class Progress(Protocol):
    """Listens to a search."""

    def stage(self, name: str, n_runs: int) -> None:
        """A stage of at most `n_runs` begins, or a batch of so many within it."""
        ...

    def advance(self, n_runs: int, n_failed: int) -> None:
        """Runs came back, some of them failed."""
        ...

    def note(self, text: str) -> None:
        """Something worth a line: what was chosen, the best so far."""
        ...

    def close(self) -> None:
        """The search is over, in whatever way."""
        ...


@final
class Silent:
    """Says nothing."""

    def stage(self, name: str, n_runs: int) -> None:  # noqa: D102
        pass

    def advance(self, n_runs: int, n_failed: int) -> None:  # noqa: D102
        pass

    def note(self, text: str) -> None:  # noqa: D102
        pass

    def close(self) -> None:  # noqa: D102
        pass
