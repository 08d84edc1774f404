"""Affinity estimators side by side: what each used and cost, and how well it ranks what was measured."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from taskgroup.search import Estimated

COLUMNS = (
    "estimator",
    "summary",
    "uses",
    "cost_runs",
    "cost_flops",
    "correlation",
    "low",
    "high",
    "n_pairs",
    "kind",
)


def estimator_table(estimates: Sequence[Estimated]) -> pd.DataFrame:
    """One row an estimator that could be used, in their order; NaN where too few pairs were measured."""
    rows = []
    for estimated in estimates:
        if (matrix := estimated.matrix) is None:
            continue
        known, flops = matrix.agreement, matrix.cost_flops
        agreement = (known.correlation, known.low, known.high, known.n_pairs) if known else (np.nan,) * 4
        about = (estimated.estimator.name, estimated.estimator.summary, estimated.estimator.uses)
        cost = (matrix.cost_runs, np.nan if flops is None else flops)
        rows.append((*about, *cost, *agreement, known.kind if known else None))
    return pd.DataFrame(rows, columns=list(COLUMNS))
