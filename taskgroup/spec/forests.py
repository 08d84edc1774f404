"""What trees and heads at different heights must keep to, given the tasks and blocks of a study."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from typing import Any

from taskgroup.spec.sharing_kinds import branch_of
from taskgroup.spec.task import Subset


def tree_problem(settings: Mapping[str, Any], tasks: Subset, n_blocks: int) -> str | None:
    """What is wrong with a tree, in words: parts that are not nested along the depth, or a block too many."""
    branches = settings["branches"]
    for after in sorted(map(int, branches)):
        if after > n_blocks:
            return f"parts the tasks after block {after}, but there are {n_blocks} encoder blocks"
        rejoined = _rejoined(branches, tasks, after)
        if rejoined is not None:
            one, other, before = rejoined
            return (
                f"parts {one!r} from {other!r} after block {before}, but has them together after block "
                f"{after}; tasks that have parted stay apart, those that no part names form one more, "
                f"so give the two different parts after block {after}"
            )
    return None


def _rejoined(branches: Mapping[str, Any], tasks: Subset, after: int) -> tuple[str, str, int] | None:
    """Two tasks that are together after a block though they had parted after an earlier one."""
    for one, other in itertools.combinations(tasks, 2):
        if branch_of(branches, after, one) != branch_of(branches, after, other):
            continue
        for before in sorted(int(key) for key in branches if int(key) < after):
            if branch_of(branches, before, one) != branch_of(branches, before, other):
                return one, other, before
    return None


def attach_problem(settings: Mapping[str, Any], tasks: Subset, n_blocks: int) -> str | None:
    """What is wrong with the heights of heads, in words: a block that the encoder does not have."""
    for task, height in settings["attach"].items():
        if height > n_blocks:
            return f"attaches {task!r} to block {height}, but there are {n_blocks} encoder blocks"
    return None


FOREST_KINDS = ("hard", "low_supervision", "tree")
"""Kinds of sharing in which tasks go through the same blocks, or through none of each other's."""

FOREST_PROBLEMS: dict[str, Callable[[Mapping[str, Any], Subset, int], str | None]] = {
    "tree": tree_problem,
    "low_supervision": attach_problem,
}
"""By kind of sharing: `(settings, task list, encoder blocks)` to what is wrong, None where nothing is."""
