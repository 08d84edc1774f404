"""The affinity matrix: who helps whom, by how much, and how sure that is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import pandas as pd

from taskgroup.affinity.agreement import Agreement


@dataclass(frozen=True)
class AffinityMatrix:
    """Estimated gain that each source task (column) brings to each target task (row).

    Every frame has the tasks as index (`target`) and columns (`source`), in the order of the task list;
    a task beside itself is NaN, and so are pairs that were not measured. Auxiliary tasks are columns alone.
    Positive helps.

    Attributes:
        estimate: The estimated gain, as a share of the target's single-task error.
        low: Lower end of the 95% interval.
        high: Upper end of the 95% interval.
        q_value: The p-value of "no transfer" after Benjamini-Hochberg over all tests of the study.
        n_runs: Paired runs behind each estimate.
        estimator: The name of the method.
        cost_runs: Trainings that the method needed.
        cost_flops: Floating-point operations that it needed, about; None where nobody counted.
        agreement: How well it ranks measured pairs that are new to it; None where too few were measured.
    """

    estimate: pd.DataFrame
    low: pd.DataFrame
    high: pd.DataFrame
    q_value: pd.DataFrame
    n_runs: pd.DataFrame
    estimator: str
    cost_runs: int
    cost_flops: float | None = None
    agreement: Agreement | None = None

    @classmethod
    def of_estimate(
        cls,
        estimate: pd.DataFrame,
        *,
        estimator: str,
        cost_runs: int,
        cost_flops: float | None = None,
        agreement: Agreement | None = None,
    ) -> Self:
        """A matrix of estimates without intervals: `low`, `high`, `q_value` and `n_runs` are NaN.

        Args:
            estimate: [target, source]; a task beside itself is blanked.
            estimator: As in the class.
            cost_runs: As in the class.
            cost_flops: As in the class.
            agreement: As in the class.
        """
        off_diagonal = np.not_equal.outer(estimate.index.to_numpy(), estimate.columns.to_numpy())
        blank = pd.DataFrame(np.nan, index=estimate.index, columns=estimate.columns)
        return cls(
            estimate=estimate.where(off_diagonal),
            low=blank,
            high=blank,
            q_value=blank,
            n_runs=blank,
            estimator=estimator,
            cost_runs=cost_runs,
            cost_flops=cost_flops,
            agreement=agreement,
        )

    def table(self) -> pd.DataFrame:
        """One row a measured ordered pair: target, source, gain, low, high, q_value, n_runs."""
        frames = {
            "gain": self.estimate,
            "low": self.low,
            "high": self.high,
            "q_value": self.q_value,
            "n_runs": self.n_runs,
        }
        rows = [
            {"target": target, "source": source, **{k: f.loc[target, source] for k, f in frames.items()}}
            for target in self.estimate.index
            for source in self.estimate.columns
            if target != source and pd.notna(self.estimate.loc[target, source])
        ]
        table = pd.DataFrame(rows, columns=["target", "source", *frames])
        return table.astype({"n_runs": "Int64" if table["n_runs"].isna().any() else int})

    def document(self) -> dict[str, Any]:
        """The matrix as plain JSON values, one nested list a statistic, None where not measured.

        `tasks` are the rows, and the columns too unless `sources` names these.
        """

        def nested(frame: pd.DataFrame) -> list[list[float | None]]:
            return [[None if pd.isna(v) else float(v) for v in row] for row in frame.to_numpy()]

        targets, sources = list(self.estimate.index), list(self.estimate.columns)
        return {
            "tasks": targets,
            **({"sources": sources} if sources != targets else {}),
            "estimator": self.estimator,
            "cost_runs": self.cost_runs,
            "cost_flops": self.cost_flops,
            "agreement": self.agreement.document() if self.agreement else None,
            "estimate": nested(self.estimate),
            "low": nested(self.low),
            "high": nested(self.high),
            "q_value": nested(self.q_value),
            "n_runs": nested(self.n_runs),
        }
