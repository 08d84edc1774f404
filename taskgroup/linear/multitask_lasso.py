"""Multi-task lasso: a feature is used by all tasks or by none."""

from __future__ import annotations

from typing import final

from taskgroup.linear import block_sparse
from taskgroup.linear.contract import N_STRENGTHS, LinearFit, Strength
from taskgroup.linear.rows import LinearRows


@final
class MultitaskLasso:
    """Block-sparse l1/l2 least squares of all outputs at once; labels and classes count as -1 and 1.

    Reference:
        Obozinski, Taskar, Jordan 2010, "Joint covariate selection and joint subspace selection for multiple
        classification problems", sec. 2.
    """

    name = "multitask_lasso"

    def unsuited(self, rows: LinearRows) -> str | None:
        """Missing labels, rows of their own, weights and log loss do not suit."""
        return block_sparse.unsuited(rows)

    def strengths(self, rows: LinearRows) -> list[Strength]:
        """Shares of the strength under which no feature is used, 0.8 down to 0.0004."""
        return [{"strength": 0.8 * 10.0 ** (-0.3 * k)} for k in range(N_STRENGTHS)]

    def fit(self, rows: LinearRows, strength: Strength) -> LinearFit:
        """Fit by coordinate descent."""
        return block_sparse.fit(rows, strength=strength["strength"], sparse_share=1.0)
