"""How well an estimator ranks the pairs: its rank correlation with measured gains, on gains it has not seen.

Published estimators rank pairs well on some data and backwards on others, so that each is shown with the
figure for the study at hand.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd
from scipy import stats

MIN_PAIRS = 5

AgreementKind = Literal["independent", "between_seeds", "left_out_pairs", "left_out_pairs_and_seeds"]
"""Why the measured gains are new to the estimator: it uses none at all, and is compared with their means over
seeds; or each seed's gains are compared with what the other seeds say, or other subsets, or both. Gains at a
single seed are noisier than means, so that the last three are stricter than the first."""


@dataclass(frozen=True)
class Agreement:
    """Spearman's rank correlation between estimated and measured gains over ordered pairs.

    Attributes:
        correlation: 1 for the same order, 0 for unrelated, below 0 for reversed.
        low: Lower end of its 95% interval.
        high: Upper end.
        n_pairs: Ordered pairs with both values.
        kind: Why the gains are new to the estimator.
    """

    correlation: float
    low: float
    high: float
    n_pairs: int
    kind: AgreementKind

    def document(self) -> dict[str, Any]:
        """As plain JSON values."""
        return asdict(self)


def rank_agreement(
    estimate: pd.DataFrame, measured: pd.DataFrame, *, kind: AgreementKind
) -> Agreement | None:
    """Compare two matrices [target, source] over the ordered pairs that both hold.

    The two directions of a pair come from the same networks, so that the interval counts them as one.

    Returns:
        None with fewer than five pairs of tasks, or where one side has no order.

    Reference:
        Bonett and Wright 2000 (interval of Spearman's correlation by Fisher's transformation).
    """
    tasks = estimate.columns  # where some are sources alone, the matrices have fewer rows
    estimate, measured = (matrix.reindex(index=tasks, columns=tasks) for matrix in (estimate, measured))
    pairs = np.stack([estimate.to_numpy(dtype=float), measured.to_numpy(dtype=float)])
    both = np.isfinite(pairs).all(axis=0) & ~np.eye(len(estimate), dtype=bool)
    n_pairs = int(np.triu(both | both.T).sum())
    x, y = pairs[:, both]
    if n_pairs < MIN_PAIRS or np.ptp(x) == 0 or np.ptp(y) == 0:
        return None
    correlation = float(stats.spearmanr(x, y).statistic)
    low, high = _interval(correlation, n_pairs)
    return Agreement(correlation, low, high, int(both.sum()), kind)


def mean_agreement(compared: Iterable[Agreement | None], *, kind: AgreementKind) -> Agreement | None:
    """Average what single seeds say; None where none says anything."""
    known = [agreement for agreement in compared if agreement is not None]
    if not known:
        return None
    correlation, low, high = np.mean([(a.correlation, a.low, a.high) for a in known], axis=0).tolist()
    return Agreement(correlation, low, high, max(a.n_pairs for a in known), kind)


def _interval(correlation: float, n: int) -> tuple[float, float]:
    """Half width 1.96 standard errors on Fisher's scale, where the order is not perfect."""
    if abs(correlation) >= 1.0:
        return correlation, correlation
    half = float(stats.norm.ppf(0.975)) * math.sqrt((1 + correlation**2 / 2) / (n - 3))
    center = math.atanh(correlation)
    return math.tanh(center - half), math.tanh(center + half)
