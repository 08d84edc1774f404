"""How the networks of a cohort hang together: a forest of stacked blocks.

A cohort trains R runs at once. Each layer stacks one *node* for every block that exists there: one for a
run whose tasks still share, one for each task of a run that has branched. A node's parent is the node of
the layer before that feeds it. Runs of different subsets and sharing depths so live in one cohort, and
excluded tasks cost nothing. The last layer's nodes carry the heads; a head's output columns stand side by
side in its node, padded to the widest node.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from taskgroup.spec import RunSpec, Sharing

Indices = NDArray[np.int64]


@dataclass(frozen=True)
class Layer:
    """The nodes of one encoder block.

    Attributes:
        run: The run that each node belongs to, ascending, shape [nodes].
        parent: The node of the layer before that feeds it, shape [nodes]; None where each node continues
            the node of the same position.
    """

    run: Indices
    parent: Indices | None


@dataclass(frozen=True)
class Wiring:
    """Nodes of every layer and the branches (one a run and task) that end in the last one.

    Attributes:
        n_runs: R.
        layers: One for each encoder block.
        branch_run: The run of each branch, ascending, shape [branches].
        branch_task: Its task's position in the task list.
        branch_node: The last layer's node that carries its head.
        branch_column: Its first output column within that node.
        branch_outputs: Its number of output columns.
        n_columns: Output columns of every last-layer node, padding included.
    """

    n_runs: int
    layers: tuple[Layer, ...]
    branch_run: Indices
    branch_task: Indices
    branch_node: Indices
    branch_column: Indices
    branch_outputs: Indices
    n_columns: int

    @property
    def n_branches(self) -> int:
        """The number of (run, task) pairs."""
        return len(self.branch_run)


def wire(members: Sequence[RunSpec], n_outputs: Mapping[str, int], n_blocks: int) -> Wiring:
    """Lay out the forest of a cohort.

    Args:
        members: The runs, in cohort order.
        n_outputs: Output columns of every task, in task-list order.
        n_blocks: Encoder blocks L; a member shares the first `sharing.depth` of them.
    """
    layers = []
    for level in range(n_blocks):
        nodes = [_nodes(member, level) for member in members]
        before = [_nodes(member, level - 1) if level else n for member, n in zip(members, nodes, strict=True)]
        layers.append(Layer(np.repeat(np.arange(len(members)), nodes), _parents(before, nodes)))
    return _with_branches(members, n_outputs, n_blocks, tuple(layers))


def apart(member: RunSpec) -> RunSpec:
    """The run with nothing shared: how outputs are laid out where each task has a node of its own."""
    return replace(member, sharing=Sharing("hard", 0))


def _nodes(member: RunSpec, level: int) -> int:
    return 1 if level < member.sharing.depth else len(member.subset)


def _parents(before: Sequence[int], nodes: Sequence[int]) -> Indices | None:
    if list(before) == list(nodes):
        return None
    starts = np.cumsum([0, *before[:-1]])
    parts = [
        start + (np.arange(n) if n == b else np.zeros(n, dtype=np.int64))
        for start, b, n in zip(starts, before, nodes, strict=True)
    ]
    return np.concatenate(parts).astype(np.int64)


def _with_branches(
    members: Sequence[RunSpec], n_outputs: Mapping[str, int], n_blocks: int, layers: tuple[Layer, ...]
) -> Wiring:
    position = {name: i for i, name in enumerate(n_outputs)}
    rows: list[tuple[int, int, int, int, int]] = []
    node = -1
    for run, member in enumerate(members):
        one_node = _nodes(member, n_blocks - 1) == 1
        column = 0
        for place, task in enumerate(member.subset):
            if place == 0 or not one_node:
                node, column = node + 1, 0
            rows.append((run, position[task], node, column, n_outputs[task]))
            column += n_outputs[task]
    run_of, task_of, node_of, column_of, outputs_of = np.asarray(rows, dtype=np.int64).T
    n_columns = int((column_of + outputs_of).max())
    return Wiring(len(members), layers, run_of, task_of, node_of, column_of, outputs_of, n_columns)
