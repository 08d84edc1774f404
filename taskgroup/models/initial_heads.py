"""The initial weights of all heads of a cohort, as they are stacked."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from taskgroup.models.initial import Linear, initial_head
from taskgroup.models.wiring import Wiring
from taskgroup.spec import RunSpec


def initial_heads(
    wiring: Wiring, members: Sequence[RunSpec], tasks: Sequence[str], n_features: Callable[[int], int]
) -> list[Linear]:
    """Weight [heads, columns, features] and bias [heads, columns] for each of `wiring.heads`; padding is 0.

    Args:
        wiring: Where heads stand.
        members: The runs, whose seeds decide.
        tasks: The task list.
        n_features: Of a block's output, by its place.
    """
    stacks, first_node = [], 0
    for heads in wiring.heads:
        n_nodes, n_inputs = len(heads.run), n_features(heads.level)
        weight, bias = np.zeros((n_nodes, wiring.n_columns, n_inputs)), np.zeros((n_nodes, wiring.n_columns))
        within = (wiring.branch_node >= first_node) & (wiring.branch_node < first_node + n_nodes)
        for branch in np.flatnonzero(within):
            column, n_outputs = int(wiring.branch_column[branch]), int(wiring.branch_outputs[branch])
            place = int(wiring.branch_node[branch]) - first_node, slice(column, column + n_outputs)
            seed, task = members[wiring.branch_run[branch]].seed, tasks[wiring.branch_task[branch]]
            weight[place], bias[place] = initial_head(seed, task, n_inputs, n_outputs)
        stacks.append((weight, bias))
        first_node += n_nodes
    return stacks
