"""`decision`: an encoder for each task below shared last blocks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, final

from taskgroup.models.sharing.kind import Copy, Kind, Outline


@final
class Decision(Kind):
    """The last `depth` blocks are one for all tasks, applied to each task's own features.

    The blocks before them are private. Heads are the tasks' own, or with `head: shared` one for all tasks of
    equal kind and number of outputs. With all blocks shared and own heads this is exactly hard sharing.
    """

    def __init__(self, outline: Outline, settings: Mapping[str, Any]) -> None:
        super().__init__(outline, settings)
        self.shares_heads = settings["head"] == "shared"

    def is_tied(self, level: int) -> bool:
        """One of the last ones."""
        return level >= self.outline.n_blocks - self.outline.depth

    def copies(self, level: int) -> tuple[Copy, ...]:  # noqa: D102
        return (Copy(self.outline.tasks),) if self.is_tied(level) else super().copies(level)
