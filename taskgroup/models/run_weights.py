"""The weights of one run of a cohort, out of its company, by the names of its plain twin."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol, runtime_checkable

import numpy as np
import torch
from torch import Tensor

from taskgroup.models.network import Network
from taskgroup.models.wiring import Wiring

Parts = Sequence[Mapping[str, Tensor]]


@runtime_checkable
class HasPlainTwin(Protocol):
    """Networks whose runs are forests of blocks, each a `RunNetwork`."""

    def plain_weights(self, run: int) -> dict[str, Tensor]:
        """The state of a run's `RunNetwork`, copied."""


def run_weights(network: Network, run: int) -> dict[str, Tensor]:
    """What one run has learned.

    Args:
        network: The networks of a cohort.
        run: Its position in `members`.

    Returns:
        Copies on the CPU: the state of its `RunNetwork` where there is one, else the run's part of every
        trained tensor, by the tensor's place.
    """
    if isinstance(network, HasPlainTwin):
        found = network.plain_weights(run)
    else:
        found = {t.name: t.value[torch.from_numpy(t.run == run)] for t in network.trained}
    return {name: value.detach().to("cpu", copy=True).contiguous() for name, value in found.items()}


def plain_forest(wiring: Wiring, run: int, blocks: Parts, heads: Parts) -> dict[str, Tensor]:
    """The state of one run's `RunNetwork`, without the padding of heads that company brings.

    Args:
        wiring: The cohort's forest.
        run: Its position.
        blocks: The stacked tensors of each block, first to last: by name, each [nodes, ...].
        heads: `weight` and `bias` of the output nodes of each block that has any, in the order of the wiring.
    """
    found: dict[str, Tensor] = {}
    for level, (layer, parts) in enumerate(zip(wiring.layers, blocks, strict=True)):
        for place, copy in enumerate(np.flatnonzero(layer.run == run)):
            found |= {f"nodes.{level}.{place}.{name}": value[copy] for name, value in parts.items()}
    stops = np.cumsum([len(of_block.run) for of_block in wiring.heads])
    for place, branch in enumerate(np.flatnonzero(wiring.branch_run == run)):
        node, first = int(wiring.branch_node[branch]), int(wiring.branch_column[branch])
        columns = slice(first, first + int(wiring.branch_outputs[branch]))
        group = int(np.searchsorted(stops, node, side="right"))
        within = node - (int(stops[group - 1]) if group else 0)
        found |= {f"heads.{place}.{name}": value[within, columns] for name, value in heads[group].items()}
    return found
