"""Means with intervals from few seeds, their variances moderated across many comparisons.

Three seeds give a poor variance, but a study compares dozens of (target, subset) cells whose noise is alike.
Empirical Bayes shrinks each cell's variance towards a prior that is estimated from all of them; the prior's
worth is counted in degrees of freedom. Where noise differs between targets, each has its own prior variance
and all share the degrees of freedom.

Reference:
    Smyth 2004, "Linear models and empirical Bayes methods for assessing differential expression", sec. 3 and
    6.2 (the moment estimates on the log variances).
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special, stats

Floats = NDArray[np.float64]

LEVEL = 0.95
_MIN_CELLS = 4  # fewer variances than this say too little about a prior of their own


@dataclass(frozen=True)
class Moderated:
    """One entry a cell.

    Attributes:
        mean: Mean over seeds.
        low: Lower end of the interval; NaN where no variance can be known.
        high: Upper end.
        p_value: Two-sided, of "the mean is zero"; NaN where no variance can be known.
        n: Seeds behind it.
    """

    mean: Floats
    low: Floats
    high: Floats
    p_value: Floats
    n: NDArray[np.int64]


@dataclass(frozen=True)
class Prior:
    """What all cells say about one cell's variance.

    Attributes:
        variance: Prior variance of a single observation, for each cell.
        df: Degrees of freedom that the prior is worth; infinite where all variances agree, 0 without prior.
    """

    variance: Floats
    df: float


def moderated_means(
    cells: Sequence[Floats], groups: Sequence[Hashable], *, level: float = LEVEL
) -> Moderated:
    """Estimate every cell's mean with a moderated t interval.

    Args:
        cells: Observations of each cell, one a seed.
        groups: The group of each cell (its target) with a noise level of its own.
        level: Coverage of the intervals.
    """
    n = np.array([len(cell) for cell in cells], dtype=np.int64)
    mean = np.array([np.mean(cell) if len(cell) else np.nan for cell in cells], dtype=float)
    variance = np.array([np.var(cell, ddof=1) if len(cell) > 1 else np.nan for cell in cells], dtype=float)
    prior = estimate_prior(variance, n - 1, groups)
    df, posterior = _posterior(variance, np.maximum(n - 1, 0), prior)
    error = np.sqrt(posterior / np.maximum(n, 1))
    unknown = (df <= 0) | (n == 0)
    quantile = stats.t.ppf(0.5 + level / 2, np.where(unknown, 1.0, df))
    half = np.where(unknown, np.nan, quantile * error)
    return Moderated(mean, mean - half, mean + half, _p_value(mean, error, df, unknown), n)


def estimate_prior(variance: Floats, df: NDArray[np.int64], groups: Sequence[Hashable]) -> Prior:
    """Fit the scaled inverse chi-squared prior to the sample variances.

    Args:
        variance: Sample variances, NaN where a cell has a single observation.
        df: Their degrees of freedom.
        groups: As for `moderated_means`; a group with few cells joins the common one.
    """
    nothing = Prior(np.full(len(variance), np.nan), 0.0)
    known = np.isfinite(variance) & (df > 0)
    if not known.any() or not (variance[known] > 0).any():
        return nothing
    floor = 1e-6 * float(np.median(variance[known & (variance > 0)]))
    half_df = np.where(known, df, 1) / 2
    log_variance = np.log(np.maximum(np.where(known, variance, 1.0), floor))
    centred = log_variance - special.digamma(half_df) + np.log(half_df)
    labels = _group_labels(groups, known)
    location = np.array([centred[known & (labels == label)].mean() for label in labels])
    spare = int(known.sum()) - len(set(labels[known].tolist()))
    if spare < 2:
        return nothing
    excess = float(
        ((centred - location)[known] ** 2).sum() / spare - special.polygamma(1, half_df[known]).mean()
    )
    if excess <= 0:
        return Prior(np.exp(location), np.inf)
    df_prior = 2.0 * _inverse_trigamma(excess)
    return Prior(np.exp(location + special.digamma(df_prior / 2) - np.log(df_prior / 2)), df_prior)


def _posterior(variance: Floats, df: NDArray[np.int64], prior: Prior) -> tuple[Floats, Floats]:
    own = np.where(np.isfinite(variance), variance, 0.0)
    if prior.df == 0:
        return np.asarray(df, dtype=float), own
    if np.isinf(prior.df):
        return np.full(len(own), np.inf), prior.variance
    total = np.asarray(df + prior.df, dtype=float)
    return total, np.asarray((df * own + prior.df * prior.variance) / total)


def _p_value(mean: Floats, error: Floats, df: Floats, unknown: NDArray[np.bool_]) -> Floats:
    nil = (error == 0) & (mean == 0)
    safe = np.where(error > 0, error, 1.0)
    ratio = np.where(error > 0, np.abs(mean) / safe, np.inf)
    p = 2.0 * stats.t.sf(ratio, np.where(unknown, 1.0, df))
    return np.where(unknown, np.nan, np.where(nil, 1.0, p))


def _group_labels(groups: Sequence[Hashable], known: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Number the groups; those with too few known cells share label 0 with each other."""
    names = list(dict.fromkeys(groups))
    counts = dict.fromkeys(names, 0)
    for name, k in zip(groups, known, strict=True):
        counts[name] += bool(k)
    if min(counts.values(), default=0) < _MIN_CELLS:
        return np.zeros(len(groups), dtype=np.int64)
    return np.array([names.index(name) for name in groups], dtype=np.int64)


def _inverse_trigamma(y: float) -> float:
    """Solve trigamma(x) = y by Newton's method on 1 / trigamma, which is nearly linear (Smyth 2004)."""
    if y > 1e7:
        return float(y**-0.5)
    x = 0.5 + 1.0 / y
    for _ in range(50):
        value = float(special.polygamma(1, x))
        step = value * (1.0 - value / y) / float(special.polygamma(2, x))
        x += step
        if abs(step) < 1e-10 * x:
            break
    return x
