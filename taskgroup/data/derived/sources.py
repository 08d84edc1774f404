"""What derived targets are made of, and how a way of deriving looks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from taskgroup.data.dataset import Target
from taskgroup.data.features import Features
from taskgroup.data.table import Table
from taskgroup.spec import DeriveSpec, Task


@dataclass(frozen=True, eq=False)
class Sources:
    """The data of a study, read but for its derived targets.

    Attributes:
        table: All columns.
        features: What networks read.
        targets: The targets that have columns of their own, by task name.
        tasks: The task list.
    """

    table: Table
    features: Features
    targets: Mapping[str, Target]
    tasks: Sequence[Task]


class Derive(Protocol):
    """Makes the target of one task."""

    def __call__(self, task: Task, derive: DeriveSpec, sources: Sources, *, place: str) -> Target:
        """Make it.

        Args:
            task: Whose target.
            derive: How.
            sources: The data.
            place: The key that opens messages.

        Raises:
            InputError: If a column does not suit.
        """
