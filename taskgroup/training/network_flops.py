"""How many floating-point operations a training takes, counted from the sizes of its network."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence

from taskgroup.spec import Subset


def network_flops(
    subset: Subset, depth: int, *, n_inputs: int, widths: Sequence[int], n_outputs: Mapping[str, int]
) -> float:
    """Operations of one example's forward pass: two for each weight.

    Args:
        subset: The tasks of the network.
        depth: Its shared blocks.
        n_inputs: Input features.
        widths: Width of each block.
        n_outputs: Output columns of every task.

    >>> network_flops(("a", "b"), 1, n_inputs=3, widths=[4, 5], n_outputs={"a": 1, "b": 2})
    134.0
    """
    blocks = [a * b for a, b in itertools.pairwise([n_inputs, *widths])]
    heads = widths[-1] * sum(n_outputs[task] for task in subset)
    return 2.0 * (sum(blocks[:depth]) + len(subset) * sum(blocks[depth:]) + heads)


def training_flops(forward: float, *, n_rows: int, epochs: int) -> float:
    """Operations of a whole training: forward and backward, the latter twice the former, on every row.

    Args:
        forward: Of one example, from `network_flops`.
        n_rows: Training rows.
        epochs: Passes over them.
    """
    return 3.0 * forward * n_rows * epochs
