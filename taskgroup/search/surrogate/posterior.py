"""The posterior over gains: variances of the components learned, then conditioned on the measured cells.

Shape letters: `N` cells, `Q` components and the noise.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.linalg import cho_solve, cholesky
from scipy.optimize import minimize

from taskgroup.search.surrogate.components import Component
from taskgroup.search.surrogate.covariance import Cells, Overlap, covariances
from taskgroup.search.surrogate.features import Floats, Integers

_JITTER = 1e-6
_LOG_SPREAD = 1.0  # of the prior of a component's variance: two thirds within a factor of e
_MOST_FITTED = 400  # cells whose likelihood the variances are fitted to
_ITERATIONS = 25
_BOUNDS = (-12.0, 4.0)
_BLOCK = 1 << 18  # pairs of cells whose covariance is computed at once: 2 MB a matrix


@dataclass(frozen=True)
class Noise:
    """The variance of a measured gain that another run of the same subset would not repeat.

    By default little is known of it, as where no run is repeated: little noise is then assumed, since such a
    trainer is deterministic or its runs too dear to doubt.

    Attributes:
        share: Its median before any run, as a share of the variance of gains.
        log_spread: Standard deviation of its logarithm.
        relative: Shape [N], of each cell against the median; 1 for all by default.
    """

    share: float = 0.02
    log_spread: float = 0.5
    relative: Floats | None = None

    def of_cells(self, n: int) -> Floats:
        """Shape [N], against the median."""
        return np.ones(n) if self.relative is None else self.relative


@dataclass(frozen=True)
class Posterior:
    """A Gaussian process conditioned on measured cells.

    Attributes:
        components: The parts of a gain.
        cells: The measured cells.
        variance: Shape [Q - 1], of each component.
        noise: Median variance of the noise.
        factor: Lower Cholesky factor of the cells' covariance with noise, [N, N].
        dual: The covariance's inverse times the measured values, [N].
    """

    components: tuple[Component, ...]
    cells: Cells
    variance: Floats
    noise: float
    factor: Floats
    dual: Floats

    def solve(self, values: Floats) -> Floats:
        """The inverse of the cells' covariance times some values, shape [N] or [N, M]."""
        return np.asarray(cho_solve((self.factor, True), values))

    def prior_covariance(self, left: Cells, right: Cells) -> Floats:
        """Covariance of cells before any run, shape [N, N']."""
        return _weighted(self.components, self.variance, left, right)


def condition(
    components: tuple[Component, ...], cells: Cells, values: Floats, *, noise: Noise, seed: int
) -> Posterior:
    """Learn the variances and condition on the values.

    Args:
        components: The parts of a gain.
        cells: What was measured.
        values: Shape [N], of unit scale, mean zero before any run.
        noise: What is known of the noise.
        seed: For the choice of cells where there are too many to fit to.
    """
    relative = noise.of_cells(len(cells))
    chosen = _sample(cells, seed)
    theta = _fitted(components, cells.take(chosen), values[chosen], noise, relative[chosen])
    variance, noise_variance = np.exp(theta[:-1]), float(np.exp(theta[-1]))
    matrix = _weighted(components, variance, cells, cells)
    matrix[np.diag_indices(len(cells))] += noise_variance * relative + _JITTER
    factor = cholesky(matrix, lower=True, overwrite_a=True)
    return Posterior(components, cells, variance, noise_variance, factor, cho_solve((factor, True), values))


def _weighted(components: tuple[Component, ...], variance: Floats, left: Cells, right: Cells) -> Floats:
    """The covariance of cells under all components, shape [N, N'].

    Some rows at a time: what a component's covariance is made of takes as much memory as nine such matrices.
    """
    total = np.zeros((len(left), len(right)))
    n_rows = max(1, _BLOCK // max(1, len(right)))
    for start in range(0, len(left), n_rows):
        rows = np.arange(start, min(start + n_rows, len(left)))
        overlap = Overlap(left.take(rows), right)
        for weight, matrix in zip(variance, covariances(components, overlap), strict=True):
            total[rows[0] : rows[-1] + 1] += weight * matrix
    return total


def _sample(cells: Cells, seed: int) -> Integers:
    """The cells of whole networks at random, until there are enough."""
    if len(cells) <= _MOST_FITTED:
        return np.arange(len(cells))
    order = np.random.default_rng(seed).permutation(len(cells.networks))
    rank = np.argsort(order)[cells.network]
    return np.sort(np.argsort(rank, kind="stable")[:_MOST_FITTED])


def _fitted(
    components: tuple[Component, ...], cells: Cells, values: Floats, noise: Noise, relative: Floats
) -> Floats:
    """Logarithms of the variances with the highest posterior density, shape [Q]."""
    centre = np.log([*(component.share for component in components), noise.share])
    spread = np.array([_LOG_SPREAD] * len(components) + [noise.log_spread])
    stack = np.stack(list(covariances(components, Overlap(cells, cells))))
    diagonal = np.diag_indices(len(cells))

    def loss(theta: Floats) -> tuple[float, Floats]:
        variance = np.exp(theta)
        matrix = np.tensordot(variance[:-1], stack, 1)
        matrix[diagonal] += variance[-1] * relative + _JITTER
        factor = cholesky(matrix, lower=True)
        inverse = cho_solve((factor, True), np.eye(len(cells)))
        dual = inverse @ values
        away = (theta - centre) / spread
        value = 0.5 * values @ dual + np.log(factor[diagonal]).sum() + 0.5 * away @ away
        slope = inverse - np.outer(dual, dual)
        by_component = np.append(np.tensordot(stack, slope, 2), slope[diagonal] @ relative)
        return float(value), 0.5 * variance * by_component + away / spread

    result = minimize(
        loss,
        centre,
        jac=True,
        method="L-BFGS-B",
        bounds=[_BOUNDS] * len(centre),
        options={"maxiter": _ITERATIONS},
    )
    return np.asarray(result.x)
