"""The affinity matrix: who helps whom, by how much, and how sure that is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pandas as pd


@dataclass(frozen=True)
class AffinityMatrix:
    """Estimated gain that each source task (column) brings to each target task (row).

    Every frame has the tasks as index (`target`) and columns (`source`), in the order of the task list;
    the diagonal is NaN, and so are pairs that were not measured. Positive helps.

    Attributes:
        estimate: The estimated gain, as a share of the target's single-task error.
        low: Lower end of the 95% interval.
        high: Upper end of the 95% interval.
        q_value: The p-value of "no transfer" after Benjamini-Hochberg over all tests of the study.
        n_runs: Paired runs behind each estimate.
        estimator: The name of the method.
        cost_runs: Trainings that the method needed.
    """

    estimate: pd.DataFrame
    low: pd.DataFrame
    high: pd.DataFrame
    q_value: pd.DataFrame
    n_runs: pd.DataFrame
    estimator: str
    cost_runs: int

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
        return table.astype({"n_runs": int})

    def document(self) -> dict[str, Any]:
        """The matrix as plain JSON values, one nested list a statistic, None where not measured."""

        def nested(frame: pd.DataFrame) -> list[list[float | None]]:
            return [[None if pd.isna(v) else float(v) for v in row] for row in frame.to_numpy()]

        return {
            "tasks": list(self.estimate.index),
            "estimator": self.estimator,
            "cost_runs": self.cost_runs,
            "estimate": nested(self.estimate),
            "low": nested(self.low),
            "high": nested(self.high),
            "q_value": nested(self.q_value),
            "n_runs": nested(self.n_runs),
        }
