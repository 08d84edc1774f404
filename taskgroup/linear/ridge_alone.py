"""Every task by itself: ridge regression, l2-penalised logistic regression."""

from __future__ import annotations

from typing import final

from taskgroup.linear.assemble import assemble
from taskgroup.linear.contract import N_STRENGTHS, LinearFit, Strength
from taskgroup.linear.penalties import alone
from taskgroup.linear.rows import LinearRows


@final
class RidgeAlone:
    """The linear baseline that knows nothing of other tasks.

    Minimised for each task is Σ_i loss_i + α n/2 ‖w‖², with n the mean number of labels of a task. It is what
    scikit-learn's `Ridge` and `LogisticRegression` find.
    """

    name = "ridge_alone"

    def unsuited(self, rows: LinearRows) -> str | None:
        """Always suited."""
        return None

    def strengths(self, rows: LinearRows) -> list[Strength]:
        """Half a decade apart."""
        return [{"strength": 10.0 ** (-4 + k / 2)} for k in range(N_STRENGTHS)]

    def fit(self, rows: LinearRows, strength: Strength) -> LinearFit:
        """Fit each family without coupling."""
        return assemble(
            rows, [fits.solve(alone(len(fits.family.members), strength["strength"])) for fits in rows.fits]
        )
