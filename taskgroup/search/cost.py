"""Serving cost of a network in network equivalents: 1.0 = one standard network with all blocks shared.

Reference:
    Standley 2020, sec. 3 (inference-time budget), extended to networks that branch early.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence

from taskgroup.spec import Sharing


def serving_cost(n_inputs: int, widths: Sequence[int], sharing: Sharing, n_tasks: int) -> float:
    """Multiply-adds of the encoder blocks relative to one encoder; heads are not counted.

    >>> serving_cost(10, [20, 20], Sharing("hard", 2), n_tasks=5)
    1.0
    >>> serving_cost(10, [20, 20], Sharing("hard", 0), n_tasks=5)
    5.0
    """
    blocks = [a * b for a, b in itertools.pairwise([n_inputs, *widths])]
    shared, private = sum(blocks[: sharing.depth]), sum(blocks[sharing.depth :])
    return (shared + n_tasks * private) / sum(blocks)
