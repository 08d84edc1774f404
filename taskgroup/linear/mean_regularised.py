"""Coefficients pulled towards their mean over tasks."""

from __future__ import annotations

from itertools import product
from typing import final

from taskgroup.linear.assemble import assemble
from taskgroup.linear.contract import LinearFit, Strength
from taskgroup.linear.penalties import towards_mean
from taskgroup.linear.rows import LinearRows


@final
class MeanRegularised:
    """Ω(W) = ‖w̄‖² + (λ/T) Σ_t ‖w_t − w̄‖², at strength αT.

    So that λ = 1 is `ridge_alone` at strength α, and λ → ∞ one model of the rows of all tasks (λ = 0 would
    leave distances from the mean free). Only tasks of one kind with equally many outputs are pulled together.

    Reference:
        Evgeniou, Pontil 2004, "Regularized multi-task learning", sec. 2 (there for support vector machines).
    """

    name = "mean_regularised"

    def unsuited(self, rows: LinearRows) -> str | None:
        """Something must be pulled together."""
        if max(len(family.members) for family in rows.families) < 2:
            return "no two tasks have the same kind and equally many outputs"
        return None

    def strengths(self, rows: LinearRows) -> list[Strength]:
        """Four strengths by three pulls; the weakest pair is next to no sharing."""
        return [
            {"strength": strength, "pull": pull}
            for strength, pull in product((1e-4, 3e-3, 3e-2, 3e-1), (3.0, 30.0, 300.0))
        ]

    def fit(self, rows: LinearRows, strength: Strength) -> LinearFit:
        """Fit each family."""
        return assemble(
            rows,
            [
                fits.solve(towards_mean(len(fits.family.members), strength["strength"], strength["pull"]))
                for fits in rows.fits
            ],
        )
