"""Gradient projection: the lookahead to first order, for all pairs in one matrix product.

A plain step on source s moves the shared blocks by `-step * g_s`, which changes the target's loss by `-step
* <g_t, g_s>` to first order. With the gradients of all tasks as rows of G, `G @ G.T` holds every pair, so
that no further forward pass is needed.

Reference:
    Ayman 2026 (ETAP): products of gradients and updates, divided by the target's loss.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import pandas as pd

from taskgroup.affinity.checkpoints import mean_over_checkpoints

if TYPE_CHECKING:  # reading a stored matrix must not load torch
    from taskgroup.training import JointProbe


def gradient_projection(probes: Sequence[JointProbe]) -> pd.DataFrame:
    """Average `step * <g_t, g_s> / loss_t` over checkpoints.

    The step size, which the reference divides out, is kept: the result is in the units of `lookahead`.

    Args:
        probes: One joint training a seed.

    Returns:
        [target t, source s].
    """
    return mean_over_checkpoints(
        probes, lambda probe: probe.step_size * probe.products / probe.losses[:, :, None]
    )
