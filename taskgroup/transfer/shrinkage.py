"""What the best of many noisy gains is really worth: estimates shrunken towards what gains are like.

A grouping is made of the gains that look best, and those look best partly because their noise is on their
side. So their sum promises too much (the winner's curse), and the more so the more was tried. Here each
measured gain is one draw from a study's gains, which spread by what subsets of a target differ in and by what
targets differ in; both spreads and the overall level are learned from all cells at once. A gain's expectation
given all measurements does not depend on which cells are picked, and so is free of the curse.

The cells of a target share their single-task runs, so that their errors correlate by 1/2. What few cells
cannot tell for sure is averaged over rather than estimated: both spreads, and a common factor by which the
standard errors are off, since they are estimates too and gains have heavier tails than a normal.

Reference:
    Efron 2011, "Tweedie's formula and selection bias"; Gelman 2013, "Bayesian Data Analysis", sec. 5.4
    (normal hierarchical model with flat priors on level and spreads), extended to two levels.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy import optimize, stats

from taskgroup.spec import Split
from taskgroup.transfer.moderated import LEVEL
from taskgroup.transfer.table import measured_cells

Floats = NDArray[np.float64]

_SHARED = 0.5  # correlation of the errors of two cells of one target
_EXACT = 1e-6  # of the spread of the gains: the least that an error counts as, for the solver's sake
_SPREADS = np.linspace(0.0, 2.0, 10)  # each kind of spread, in units of the gains' own: a flat prior
_NOISE_DF = 4.0  # what standard errors are worth; by measurement: reports/honesty
_NOISE_VARIANCE = _NOISE_DF / stats.chi2.ppf(np.arange(0.1, 1.0, 0.2), _NOISE_DF)


@dataclass(frozen=True)
class Shrunken:
    """An estimate free of selection bias, with a 95% interval."""

    gain: float
    low: float
    high: float


def predicted_gain(
    runs: pd.DataFrame,
    serving: Mapping[str, str],
    importance: Mapping[str, float],
    *,
    split: Split = "validation",
) -> Shrunken | None:
    """What a grouping chosen among measured subsets is worth: its mean gain, freed of the winner's curse.

    Args:
        runs: Rows with gains of all that was measured, not only of what was chosen, as `transfer_table` takes
            them.
        serving: Which subset serves each task, by name; a task served alone gains 0.
        importance: Each task's weight in the mean.
        split: The rows that the grouping was chosen by.

    Returns:
        None where a chosen subset was not measured, or nothing is known about noise (one seed).
    """
    chosen = {task: subset for task, subset in serving.items() if subset != task}
    if not chosen:
        return Shrunken(0.0, 0.0, 0.0)
    cells, estimate = measured_cells(runs, split)
    known = np.isfinite(estimate.error)
    places = list(zip(cells["task"][known], cells["subset"][known], strict=True))
    if not set(chosen.items()) <= set(places):
        return None
    total = sum(importance[task] for task in serving)
    weights = [importance[task] / total if chosen.get(task) == subset else 0.0 for task, subset in places]
    targets = [task for task, _ in places]
    return shrunken_gain(estimate.mean[known], estimate.error[known], targets, weights)


def shrunken_gain(
    gain: ArrayLike, error: ArrayLike, targets: Sequence[Hashable], weights: ArrayLike
) -> Shrunken:
    """The weighted sum of some cells' gains, given the measurements of all.

    Args:
        gain: Measured gain of each cell, [cells].
        error: Its standard error, [cells].
        targets: Its target, [cells]; cells of one target have baseline runs in common.
        weights: Its weight in the sum, [cells]; 0 for those that are not chosen.

    >>> found = shrunken_gain([0.05, 0.0, -0.02, 0.01], [0.03] * 4, list("aabb"), [1, 0, 0, 0])
    >>> 0.0 < found.gain < 0.05
    True
    """
    measured, errors, w = (np.asarray(values, dtype=float) for values in (gain, error, weights))
    unit = max(float(np.std(measured)), float(np.median(errors))) or 1.0
    measured, errors = measured / unit, np.maximum(errors / unit, _EXACT)
    groups = [np.array([t == target for t in targets]) for target in dict.fromkeys(targets)]
    parts = [_target_sums(measured[own], errors[own], w[own]) for own in groups]
    sums = _Sums(*(np.sum(values, axis=0) for values in zip(*(p.arrays for p in parts), strict=True)))
    likelihood, mean, variance = _given_spreads(sums, float(w.sum()))
    likely = np.exp(likelihood - likelihood.max())
    return _mixture(likely / likely.sum(), unit * mean, unit * np.sqrt(np.maximum(variance, 0.0)))


@dataclass(frozen=True)
class _Sums:
    """What the targets add up to, at each of G noise factors and spreads.

    Attributes:
        log_det: Logarithm of the determinant of the measurements' covariance, [G].
        spread: Variance of the weighted sum of the true gains, [G].
        gram: Inner products, by the inverse covariance, of ones, measurements, and the covariances of the
            measurements with the weighted sum, [G, 3, 3].
    """

    log_det: Floats
    spread: Floats
    gram: Floats

    @property
    def arrays(self) -> tuple[Floats, Floats, Floats]:
        """The three, in order."""
        return self.log_det, self.spread, self.gram


def _target_sums(measured: Floats, errors: Floats, weights: Floats) -> _Sums:
    """One target's part: its cells are independent of the others', given spreads and level."""
    k = len(measured)
    correlation = np.where(np.eye(k, dtype=bool), 1.0, _SHARED)
    factor, within, between = (
        axis.reshape(-1, 1, 1) for axis in np.meshgrid(_NOISE_VARIANCE, _SPREADS**2, _SPREADS**2)
    )
    spread = within * np.eye(k) + between
    covariance = factor * np.outer(errors, errors) * correlation + spread
    with_sum = spread @ weights
    ones, values = np.ones_like(with_sum), np.broadcast_to(measured, with_sum.shape)
    columns = np.stack([ones, values, with_sum], axis=2)
    gram = columns.transpose(0, 2, 1) @ np.linalg.solve(covariance, columns)
    return _Sums(np.linalg.slogdet(covariance)[1], with_sum @ weights, gram)


def _given_spreads(sums: _Sums, total: float) -> tuple[Floats, Floats, Floats]:
    """Log-likelihood, mean and variance of the weighted sum, [G] each; the level has a flat prior.

    Args:
        sums: Over all targets.
        total: Sum of the weights.
    """
    precision, values, with_sum = sums.gram[:, 0].T
    level = values / precision
    misfit = sums.gram[:, 1, 1] - level * values
    likelihood = -0.5 * (sums.log_det + np.log(precision) + misfit)
    mean = level * total + sums.gram[:, 1, 2] - level * with_sum
    variance = sums.spread - sums.gram[:, 2, 2] + (total - with_sum) ** 2 / precision
    return likelihood, mean, variance


def _mixture(likely: Floats, means: Floats, deviations: Floats) -> Shrunken:
    """Mean and interval of a mixture of normals."""
    reach = 10 * float(deviations.max())
    low, high = float(means.min()) - reach, float(means.max()) + reach
    center = float(likely @ means)
    if not high > low:
        return Shrunken(center, center, center)
    deviations = np.maximum(deviations, 1e-9 * (high - low))

    def quantile(p: float) -> float:
        return float(optimize.brentq(lambda x: likely @ stats.norm.cdf(x, means, deviations) - p, low, high))

    return Shrunken(center, quantile(0.5 - LEVEL / 2), quantile(0.5 + LEVEL / 2))
