"""Lookahead: what a step on one task alone does to another task's loss, averaged over a joint training.

Reference:
    Fifty 2021 (TAG), the inter-task affinity.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import pandas as pd

from taskgroup.affinity.checkpoints import mean_over_checkpoints

if TYPE_CHECKING:  # reading a stored matrix must not load torch
    from taskgroup.training import JointProbe


def lookahead(probes: Sequence[JointProbe]) -> pd.DataFrame:
    """Average `1 - loss_t(after a plain step of the shared blocks on s) / loss_t(before)` over checkpoints.

    Both losses are on the batch that gave the step, with the target's own head, which does not move.

    Args:
        probes: One joint training a seed.

    Returns:
        [target t, source s].
    """
    return mean_over_checkpoints(
        probes, lambda probe: (1.0 - probe.lookahead / probe.losses[:, None, :]).swapaxes(1, 2)
    )
