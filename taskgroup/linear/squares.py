"""Least squares of a family under a quadratic penalty: exact where rows are shared, else conjugate gradients.

Shape letters: M members, D features.
"""

from __future__ import annotations

from functools import cached_property
from typing import final

import numpy as np
from numpy.typing import NDArray
from scipy.sparse.linalg import LinearOperator, cg

from taskgroup.linear.family import Family

Floats = NDArray[np.float64]
_TOLERANCE = 1e-10


@final
class Squares:
    """Normal equations G_m w_m + Σ_k Q_mk w_k = c_m of rows centred member by member.

    Args:
        family: With the loss `squared`, so that a member has one output.
    """

    def __init__(self, family: Family) -> None:
        self._family = family
        total = np.maximum(family.weight.sum(axis=1), np.finfo(float).tiny)
        share = family.weight / total[:, None]
        self._x_mean = family.sums(share[:, :, None])[:, :, 0]
        self._y_mean = (share * family.y[:, :, 0]).sum(axis=1)
        residual = family.weight * (family.y[:, :, 0] - self._y_mean[:, None])
        self._moments = family.sums(residual[:, :, None])[:, :, 0]

    def solve(self, penalty: Floats) -> tuple[Floats, Floats]:
        """Coefficients ``[M, D, 1]`` and intercepts ``[M, 1]`` under Q ``[M, M]``."""
        values, vectors = np.linalg.eigh(penalty)
        values = np.maximum(values, 0.0)
        exact = self._family.same_rows
        w = self._exactly(values, vectors) if exact else self._by_gradients(values, vectors)
        b = self._y_mean - (self._x_mean * w).sum(axis=1)
        return w[:, :, None], b[:, None]

    def _exactly(self, values: Floats, vectors: Floats) -> Floats:
        """One Gram matrix G for all: W G + Q W = C is diagonal in the eigenvectors of both."""
        steep, axes = self._gram_axes
        rotated = vectors.T @ self._moments @ axes
        divisor = values[:, None] + steep
        known = divisor > np.finfo(float).eps * divisor.max()
        w = vectors @ np.where(known, rotated / np.where(known, divisor, 1.0), 0.0) @ axes.T
        return np.asarray(w)

    def _by_gradients(self, values: Floats, vectors: Floats) -> Floats:
        """Conjugate gradients on W = S Z, where S makes all directions of the penalty about equally steep."""
        grams, (m, d) = self._grams, self._moments.shape
        steep = self._family.n_labels + values
        scale = (vectors / np.sqrt(steep)) @ vectors.T
        pull = (vectors * (values / steep)) @ vectors.T

        def apply(flat: Floats) -> Floats:
            z = flat.reshape(m, d)
            curved = np.matmul(grams, (scale @ z)[:, :, None])[:, :, 0]
            return np.asarray(scale @ curved + pull @ z).ravel()

        operator = LinearOperator((m * d, m * d), matvec=apply, dtype=float)
        found, _ = cg(operator, (scale @ self._moments).ravel(), rtol=_TOLERANCE, maxiter=10 * m * d)
        return np.asarray(scale @ found.reshape(m, d))

    @cached_property
    def _gram_axes(self) -> tuple[Floats, Floats]:
        values, vectors = np.linalg.eigh(self._gram(0))
        return np.maximum(values, 0.0), vectors

    @cached_property
    def _grams(self) -> Floats:
        """``[M, D, D]``."""
        return np.stack([self._gram(member) for member in range(len(self._family.members))])

    def _gram(self, member: int) -> Floats:
        x = self._family.x[member if len(self._family.x) > 1 else 0] - self._x_mean[member]
        return np.asarray((x * self._family.weight[member][:, None]).T @ x)
