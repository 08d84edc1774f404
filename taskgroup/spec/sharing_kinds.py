"""The ways of sharing: what settings each has, and how many copies of a block it takes to serve tasks.

Only facts stand here, so that a study is checked without torch; `taskgroup.models` builds the networks. The
sharing depth says how many blocks tie tasks together; the other blocks are private.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from taskgroup.spec.method import Option, number, numbers_of_tasks, one_of, whole
from taskgroup.spec.task import Subset

Copies = Callable[[Mapping[str, Any], int, Subset, Subset], int]
"""Copies of one tied block: from the settings, its place, the tasks trained and the tasks served."""

_INFINITE = float("inf")


def _nothing_wrong(settings: Mapping[str, Any]) -> str | None:
    return None


@dataclass(frozen=True)
class SharingFacts:
    """What is known of a kind of sharing before a network is built.

    Attributes:
        summary: In a few words, for lists and reports.
        copies: Of a tied block; a private block has one for each task served.
        last_copies: Of the last tied block, where that differs.
        options: Its settings.
        refuse: What is wrong with all settings together, or None.
        has_depth: Whether a sharing depth can be chosen; else its settings say what is shared where, and the
            depth is that of the whole encoder.
        ties_last: Whether the last blocks are tied, and applied to each task's own features.
    """

    summary: str
    copies: Copies
    options: Mapping[str, Option] = field(default_factory=dict)
    has_depth: bool = True
    last_copies: Copies | None = None
    ties_last: bool = False
    refuse: Callable[[Mapping[str, Any]], str | None] = _nothing_wrong

    def copies_at(
        self,
        settings: Mapping[str, Any],
        level: int,
        *,
        depth: int,
        n_blocks: int,
        trained: Subset,
        served: Subset,
    ) -> int:
        """How many copies of a block are computed to serve tasks.

        Args:
            settings: All settings of the kind.
            level: The block, from 0.
            depth: Tied blocks.
            n_blocks: All blocks.
            trained: The tasks of the network.
            served: Those that are served from it.
        """
        if self.ties_last:
            return 1 if depth == n_blocks else len(served)
        if level >= depth:
            return len(served)
        at_last = self.last_copies or self.copies
        return (at_last if level == depth - 1 else self.copies)(settings, level, trained, served)


def _one(settings: Mapping[str, Any], level: int, trained: Subset, served: Subset) -> int:
    return 1


def _each_served(settings: Mapping[str, Any], level: int, trained: Subset, served: Subset) -> int:
    return len(served)


def _each_trained(settings: Mapping[str, Any], level: int, trained: Subset, served: Subset) -> int:
    return len(trained)


def _experts(settings: Mapping[str, Any], level: int, trained: Subset, served: Subset) -> int:
    return int(settings["experts"])


def _own_experts(settings: Mapping[str, Any], level: int, trained: Subset, served: Subset) -> int:
    return int(settings["shared"] + len(served) * settings["own"])


def _all_own_experts(settings: Mapping[str, Any], level: int, trained: Subset, served: Subset) -> int:
    """Shared experts further up listen to all tasks' experts."""
    return _own_experts(settings, level, trained, trained if settings["shared"] else served)


def _refuse_no_experts(settings: Mapping[str, Any]) -> str | None:
    return None if settings["shared"] + settings["own"] else "'shared' and 'own' are both 0; give an expert"


def _below_heads(settings: Mapping[str, Any], level: int, trained: Subset, served: Subset) -> int:
    """One while a served head is still to come."""
    attach = settings["attach"]
    return int(any(attach.get(task, level + 1) > level for task in served))


def _branches(settings: Mapping[str, Any], level: int, trained: Subset, served: Subset) -> int:
    return len({branch_of(settings["branches"], level, task) for task in served})


def branch_of(branches: Mapping[str, Any], level: int, task: str) -> int:
    """The branch of a tree that a task takes at a block.

    Args:
        branches: From the number of the last block before a split to the parts of the task list after it.
        level: The block, from 0.
        task: Its name; tasks that no part names form one more.

    Returns:
        The part's place.
    """
    passed = [int(after) for after in branches if int(after) <= level]
    if not passed:
        return 0
    parts = branches[str(max(passed))]
    return next((place for place, part in enumerate(parts) if task in part), len(parts))


def _refuse_attach(value: Any) -> str | None:
    heights = numbers_of_tasks(whole(1, 1000))
    return (
        None
        if heights(value)
        else "give the number of blocks below each task's head, as in {pos: 1, chunk: 2}"
    )


_BLOCK_NUMBERS = frozenset(map(str, range(1001)))


def _refuse_branches(value: Any) -> str | None:
    """What is wrong with the form of a tree; its names are checked against the task list elsewhere."""
    form = "give the parts after a block, as in {1: [[a, b], [c]]}"
    if not isinstance(value, Mapping) or not value:
        return form
    if len({str(after) for after in value}) < len(value) or len({type(after) for after in value}) > 1:
        return f"{form}, each block once"
    for after, parts in value.items():
        named = isinstance(parts, list) and all(isinstance(part, list) and part for part in [parts, *parts])
        if str(after) not in _BLOCK_NUMBERS or not named:
            return form
        names = [name for part in parts for name in part]
        if not all(isinstance(name, str) for name in names):
            return f"{form}, with the names of tasks"
        if len(set(names)) < len(names):
            return f"a task stands twice in the parts after block {after}"
    return None


SHARING_KINDS: dict[str, SharingFacts] = {
    "hard": SharingFacts("one encoder up to the depth", _one),
    "low_supervision": SharingFacts(
        "one encoder, heads at different heights",
        _below_heads,
        {"attach": Option({}, _refuse_attach, lists=True)},
        has_depth=False,
    ),
    "tree": SharingFacts(
        "one encoder that branches",
        _branches,
        {"branches": Option({}, _refuse_branches, lists=True)},
        has_depth=False,
    ),
    "soft": SharingFacts(
        "an encoder each, pulled to their mean",
        _each_served,
        {"strength": Option(10.0, number(0, _INFINITE))},
    ),
    "trace_norm": SharingFacts(
        "an encoder each, together of low rank",
        _each_served,
        {"strength": Option(3.0, number(0, _INFINITE))},
    ),
    "cross_stitch": SharingFacts(
        "an encoder each, mixed after every block", _each_trained, {"own": Option(0.9, number(0, 1))}
    ),
    "sluice": SharingFacts(
        "an encoder each in subspaces, mixed after every block, with skips",
        _each_trained,
        {
            "own": Option(0.9, number(0, 1)),
            "subspaces": Option(2, whole(1, 16)),
            "orthogonality": Option(0.0, number(0, _INFINITE)),
        },
    ),
    "mmoe": SharingFacts(
        "experts that every task mixes by a gate of its own", _experts, {"experts": Option(4, whole(1, 64))}
    ),
    "cgc": SharingFacts(
        "shared experts and private ones, mixed once by gates",
        _own_experts,
        {"shared": Option(2, whole(0, 64)), "own": Option(1, whole(0, 64))},
        refuse=_refuse_no_experts,
    ),
    "ple": SharingFacts(
        "shared experts and private ones, mixed after every block by gates",
        _all_own_experts,
        {"shared": Option(2, whole(0, 64)), "own": Option(1, whole(0, 64))},
        last_copies=_own_experts,
        refuse=_refuse_no_experts,
    ),
    "decision": SharingFacts(
        "an encoder each below shared last blocks",
        _each_served,
        {"head": Option("own", one_of("own", "shared"))},
        ties_last=True,
    ),
}
