"""How the networks of a cohort hang together: a forest of stacked blocks.

A cohort trains R runs at once. Each layer stacks one *node* for every block that exists there: one for a
run whose tasks still share, one for each part of a run that has branched. A node's parent is the node of
the layer before that feeds it. Runs of different subsets and ways of sharing so live in one cohort, and
excluded tasks cost nothing.

Heads are nodes too: one for all tasks that end in the same block, whose output columns stand side by side,
padded to the widest. Nearly all end in the last block; where some end lower (Søgaard, Goldberg 2016), the
output nodes of each block are stacked by themselves, those of the highest block first.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from taskgroup.models.forest import RunForest, run_forest
from taskgroup.spec import RunSpec, Sharing

Indices = NDArray[np.int64]

_End = tuple[int, int]
"""Where heads end: the block's number from 0, negative so that the highest comes first, and the node."""


@dataclass(frozen=True)
class Layer:
    """The nodes of one encoder block.

    Attributes:
        run: The run that each node belongs to, ascending, shape [nodes].
        parent: The node of the layer before that feeds it, ascending, shape [nodes]; None where each node
            continues the node of the same position.
    """

    run: Indices
    parent: Indices | None


@dataclass(frozen=True)
class Heads:
    """The output nodes that read one encoder block.

    Attributes:
        level: The block, from 0.
        node: The node of that block that each reads, ascending, shape [heads].
        run: The run that each belongs to, ascending, shape [heads].
    """

    level: int
    node: Indices
    run: Indices


@dataclass(frozen=True)
class Wiring:
    """Nodes of every layer and the branches (one a run and task) that end in them.

    Attributes:
        n_runs: R.
        layers: One for each encoder block that a head of any run needs.
        heads: The output nodes of each block that has any, of the highest block first; outputs are numbered
            in this order.
        branch_run: The run of each branch, ascending, shape [branches]; the tasks of a run stand in the order
            of its subset.
        branch_task: Its task's position in the task list.
        branch_node: The output node that carries its head.
        branch_column: Its first output column within that node.
        branch_outputs: Its number of output columns.
        n_columns: Output columns of every output node, padding included.
    """

    n_runs: int
    layers: tuple[Layer, ...]
    heads: tuple[Heads, ...]
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

    @property
    def n_output_nodes(self) -> int:
        """The number of output nodes."""
        return sum(len(heads.run) for heads in self.heads)

    @property
    def shared(self) -> list[NDArray[np.bool_]]:
        """Which nodes of every layer several tasks go through."""
        of_outputs = np.bincount(self.branch_node, minlength=self.n_output_nodes)
        stops = np.cumsum([len(heads.run) for heads in self.heads])
        ending = dict(zip((h.level for h in self.heads), np.split(of_outputs, stops[:-1]), strict=True))
        nodes_read = {heads.level: heads.node for heads in self.heads}
        shared: list[NDArray[np.bool_]] = []
        n_above: Indices | None = None
        for level in reversed(range(len(self.layers))):
            n_tasks = np.zeros(len(self.layers[level].run), dtype=np.int64)
            if n_above is not None:
                parent = self.layers[level + 1].parent
                np.add.at(n_tasks, np.arange(len(n_above)) if parent is None else parent, n_above)
            if level in ending:
                np.add.at(n_tasks, nodes_read[level], ending[level])
            shared.insert(0, n_tasks > 1)
            n_above = n_tasks
        return shared

    def outputs_above(self, level: int) -> Indices:
        """The output node that each node of a block leads to, where no node of it serves several tasks."""
        above = {heads.level: heads for heads in self.heads}
        first = {heads.level: start for heads, start in zip(self.heads, self._first_outputs, strict=True)}
        leads: Indices | None = None
        for each in reversed(range(level, len(self.layers))):
            own = np.full(len(self.layers[each].run), -1, dtype=np.int64)
            if leads is not None:
                parent = self.layers[each + 1].parent
                own[np.arange(len(leads)) if parent is None else parent] = leads
            if each in above:
                own[above[each].node] = first[each] + np.arange(len(above[each].node))
            leads = own
        assert leads is not None
        return leads

    @property
    def _first_outputs(self) -> list[int]:
        """The first output node of each block that has any."""
        return [0, *itertools.accumulate(len(heads.run) for heads in self.heads)][:-1]


def wire(members: Sequence[RunSpec], n_outputs: Mapping[str, int], n_blocks: int) -> Wiring:
    """Lay out the forest of a cohort.

    Args:
        members: The runs, in cohort order.
        n_outputs: Output columns of every task, in task-list order.
        n_blocks: Encoder blocks L.
    """
    forests = [run_forest(member.sharing, member.subset, n_blocks) for member in members]
    n_layers = max(len(forest.sizes) for forest in forests)
    layers = tuple(_layer(forests, level) for level in range(n_layers))
    return _with_branches(members, n_outputs, forests, layers)


def apart(member: RunSpec) -> RunSpec:
    """The run with nothing shared: how outputs are laid out where each task has a node of its own."""
    return replace(member, sharing=Sharing("hard", 0))


def _sizes(forests: Sequence[RunForest], level: int) -> list[int]:
    return [forest.sizes[level] if level < len(forest.sizes) else 0 for forest in forests]


def _starts(sizes: Sequence[int]) -> Indices:
    return np.cumsum([0, *sizes[:-1]])


def _layer(forests: Sequence[RunForest], level: int) -> Layer:
    sizes = _sizes(forests, level)
    run = np.repeat(np.arange(len(forests)), sizes)
    if level == 0:
        return Layer(run, None)
    before = _sizes(forests, level - 1)
    parent = np.array(
        [
            start + node
            for start, forest, n in zip(_starts(before), forests, sizes, strict=True)
            for node in (forest.parents(level) if n else [])
        ],
        dtype=np.int64,
    )
    continues = len(parent) == sum(before) and bool((parent == np.arange(len(parent))).all())
    return Layer(run, None if continues else parent)


def _with_branches(
    members: Sequence[RunSpec],
    n_outputs: Mapping[str, int],
    forests: Sequence[RunForest],
    layers: tuple[Layer, ...],
) -> Wiring:
    position = {name: i for i, name in enumerate(n_outputs)}
    starts = [_starts(_sizes(forests, level)) for level in range(len(layers))]
    filled: dict[_End, int] = {}
    rows, ends = [], []
    for run, (member, forest) in enumerate(zip(members, forests, strict=True)):
        for task, path in zip(member.subset, forest.paths, strict=True):
            level = len(path) - 1
            end = (-level, int(starts[level][run]) + path[-1])
            column = filled.get(end, 0)
            filled[end] = column + n_outputs[task]
            rows.append((run, position[task], column, n_outputs[task]))
            ends.append(end)
    number = {end: i for i, end in enumerate(sorted(filled))}
    run_of, task_of, column_of, outputs_of = np.asarray(rows, dtype=np.int64).T
    node_of = np.array([number[end] for end in ends], dtype=np.int64)
    heads = _heads(list(number), layers)
    n_columns = max(filled.values())
    return Wiring(len(members), layers, heads, run_of, task_of, node_of, column_of, outputs_of, n_columns)


def _heads(ends: Sequence[_End], layers: Sequence[Layer]) -> tuple[Heads, ...]:
    """Group output nodes, in their order, by the block that they read."""
    found = []
    for negative, group in itertools.groupby(ends, key=lambda end: end[0]):
        node = np.array([node for _, node in group], dtype=np.int64)
        found.append(Heads(-negative, node, layers[-negative].run[node]))
    return tuple(found)
