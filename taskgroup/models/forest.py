"""The blocks of one run: which of them each task's data pass through on the way to its head.

Hard sharing, trees and heads at different heights are all of this form: a node for every block and group of
tasks that are together there, each node fed by one node of the block below.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from functools import lru_cache

from taskgroup.spec import Sharing, Subset, branch_of

_Part = Callable[[str, int], Hashable]


@dataclass(frozen=True)
class RunForest:
    """The nodes of one run.

    Nodes that one node feeds stand side by side, in the order of their first tasks.

    Attributes:
        sizes: The number of nodes of every block, as far up as a head needs them.
        paths: For each task of the subset, its node in every block below its head, first to last.
    """

    sizes: tuple[int, ...]
    paths: tuple[tuple[int, ...], ...]

    def entry(self, place: int) -> int | None:
        """The first block of a task's own above shared ones, or the number of its blocks for the head.

        Args:
            place: Of the task in the subset.

        Returns:
            None where it shares nothing.
        """
        path = self.paths[place]
        others = [other for i, other in enumerate(self.paths) if i != place]
        n_shared = sum(
            any(o[level : level + 1] == (node,) for o in others) for level, node in enumerate(path)
        )
        return n_shared or None

    def parents(self, level: int) -> list[int]:
        """The node of the block below that feeds each node of a block above the first."""
        fed_by = {path[level]: path[level - 1] for path in self.paths if len(path) > level}
        return [fed_by[node] for node in range(self.sizes[level])]


@lru_cache(maxsize=4096)
def run_forest(sharing: Sharing, subset: Subset, n_blocks: int) -> RunForest:
    """Lay out the blocks of one run.

    Args:
        sharing: A kind that is a forest; others are laid out as hard sharing at their depth.
        subset: The tasks of the run.
        n_blocks: Encoder blocks L.

    >>> run_forest(Sharing("hard", 1), ("a", "b"), 2)
    RunForest(sizes=(1, 2), paths=((0, 0), (0, 1)))
    """
    heights, part = _heights(sharing, subset, n_blocks), _part(sharing)
    paths: dict[str, tuple[int, ...]] = dict.fromkeys(subset, ())
    sizes, groups = [], [list(subset)]
    for level in range(max(heights.values())):
        groups = [
            inner for group in groups for inner in _parted(group, level, part) if heights[inner[0]] > level
        ]
        sizes.append(len(groups))
        for node, group in enumerate(groups):
            for task in group:
                paths[task] += (node,)
        groups = [[task for task in group if heights[task] > level + 1] for group in groups]
    return RunForest(tuple(sizes), tuple(paths.values()))


def _parted(group: list[str], level: int, part: _Part) -> list[list[str]]:
    parts: dict[Hashable, list[str]] = {}
    for task in group:
        parts.setdefault(part(task, level), []).append(task)
    return list(parts.values())


def _part(sharing: Sharing) -> _Part:
    """What two tasks that came up together must have in common to share a block."""
    if sharing.method.name != "tree":
        return lambda task, level: None if level < sharing.depth else task
    branches = sharing.settings["branches"]
    return lambda task, level: branch_of(branches, level, task) if level < sharing.depth else task


def _heights(sharing: Sharing, subset: Subset, n_blocks: int) -> dict[str, int]:
    """The blocks below each task's head."""
    attach = sharing.settings["attach"] if sharing.method.name == "low_supervision" else {}
    return {task: attach.get(task, n_blocks) for task in subset}
