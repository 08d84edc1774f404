"""Shared experts and the tasks' own, side by side in one list: who may hear whom."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from taskgroup.models.sharing.kind import Copy, Places


@dataclass(frozen=True)
class Experts:
    """The experts of one block: the shared ones, then those of the first task, of the second, and so on.

    Attributes:
        tasks: All tasks' places.
        n_shared: Experts that all tasks hear.
        n_own: Experts of each task.
    """

    tasks: Places
    n_shared: int
    n_own: int

    @classmethod
    def of(cls, tasks: Places, settings: Mapping[str, Any]) -> Experts:
        """As the settings `shared` and `own` say."""
        return cls(tasks, int(settings["shared"]), int(settings["own"]))

    @property
    def n(self) -> int:
        """All experts."""
        return self.n_shared + len(self.tasks) * self.n_own

    @property
    def heard(self) -> list[list[int]]:
        """The experts that each task hears: the shared ones and its own."""
        return [[*range(self.n_shared), *self._own(task)] for task in self.tasks]

    def copies(self, *, heard_by_all: bool = False) -> tuple[Copy, ...]:
        """The experts as copies; the first one that a task hears starts as hard sharing's block does.

        Args:
            heard_by_all: Whether a task's own experts reach the others too, by what lies above.
        """
        shared = [Copy(self.tasks, number) for number in range(self.n_shared)]
        own = [
            Copy(self.tasks if heard_by_all else (task,), self.n_shared + number, task)
            for task in self.tasks
            for number in range(self.n_own)
        ]
        return (*shared, *own)

    def _own(self, task: int) -> range:
        first = self.n_shared + task * self.n_own
        return range(first, first + self.n_own)
