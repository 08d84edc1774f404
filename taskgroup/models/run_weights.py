"""The weights of one run of a cohort, out of its company, by the names of its plain twin."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

import numpy as np
import torch
from torch import Tensor

from taskgroup.models.network import Network
from taskgroup.models.wiring import Wiring


@runtime_checkable
class HasPlainTwin(Protocol):
    """Networks whose runs with hard sharing are each a `RunNetwork`."""

    def plain_weights(self, run: int) -> dict[str, Tensor]:
        """The state of a run's `RunNetwork`, copied."""


def run_weights(network: Network, run: int) -> dict[str, Tensor]:
    """What one run has learned.

    Args:
        network: The networks of a cohort.
        run: Its position in `members`.

    Returns:
        Copies on the CPU: the state of its `RunNetwork` where it shares hard, else the run's part of every
        trained tensor, by the tensor's place.
    """
    if network.members[run].sharing.is_hard and isinstance(network, HasPlainTwin):
        found = network.plain_weights(run)
    else:
        found = {t.name: t.value[torch.from_numpy(t.run == run)] for t in network.trained}
    return {name: value.detach().to("cpu", copy=True).contiguous() for name, value in found.items()}


def places_of_blocks(depth: int, n_blocks: int, n_tasks: int) -> list[list[str]]:
    """The name in a `RunNetwork` of every node of every block of one run, level by level.

    >>> places_of_blocks(1, 2, 2)
    [['shared.0'], ['private.0.0', 'private.1.0']]
    """
    shared = [[f"shared.{level}"] for level in range(depth)]
    private = [[f"private.{task}.{level}" for task in range(n_tasks)] for level in range(n_blocks - depth)]
    return shared + private


def head_weights(wiring: Wiring, run: int, weight: Tensor, bias: Tensor) -> dict[str, Tensor]:
    """The heads of one run, without the padding that company brings.

    Args:
        wiring: Where its tasks' outputs stand.
        run: Its position.
        weight: Of all heads, [nodes, columns, F].
        bias: Of all heads, [nodes, columns].
    """
    found = {}
    for place, p in enumerate(np.flatnonzero(wiring.branch_run == run)):
        node, first = int(wiring.branch_node[p]), int(wiring.branch_column[p])
        columns = slice(first, first + int(wiring.branch_outputs[p]))
        found[f"heads.{place}.weight"] = weight[node, columns]
        found[f"heads.{place}.bias"] = bias[node, columns]
    return found
