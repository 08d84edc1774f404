"""Multi-task elastic net: features are used by all tasks or by none, and all coefficients are shrunk."""

from __future__ import annotations

from itertools import product
from typing import final

from taskgroup.linear import block_sparse
from taskgroup.linear.contract import N_STRENGTHS, LinearFit, Strength
from taskgroup.linear.rows import LinearRows

_SPARSE_SHARES = (0.5, 0.1)


@final
class MultitaskElasticNet:
    """Like `MultitaskLasso`, with half or nine tenths of the penalty spent on squares."""

    name = "multitask_elastic_net"

    def unsuited(self, rows: LinearRows) -> str | None:
        """As for the lasso."""
        return block_sparse.unsuited(rows)

    def strengths(self, rows: LinearRows) -> list[Strength]:
        """Six strengths by two shares."""
        steps = range(N_STRENGTHS // len(_SPARSE_SHARES))
        return [
            {"strength": 0.5 * 10.0 ** (-0.6 * k), "sparse_share": share}
            for k, share in product(steps, _SPARSE_SHARES)
        ]

    def fit(self, rows: LinearRows, strength: Strength) -> LinearFit:
        """Fit by coordinate descent."""
        return block_sparse.fit(rows, strength=strength["strength"], sparse_share=strength["sparse_share"])
