"""What the search spent, and on which runs it failed."""

from __future__ import annotations

import pandas as pd

from taskgroup.search import Outcome


def stage_table(outcome: Outcome) -> pd.DataFrame:
    """One row a stage in the order they ran: stage, runs, failed, seconds, share; no total row."""
    table = outcome.stages[["stage", "runs", "failed", "seconds", "share"]].reset_index(drop=True)
    return table.fillna({"runs": 0, "failed": 0}).astype({"runs": int, "failed": int})


def failure_table(outcome: Outcome) -> pd.DataFrame:
    """One row a reason why runs failed, most frequent first: reason, runs."""
    runs = outcome.runs
    if runs.empty:
        return pd.DataFrame(columns=["reason", "runs"])
    failed = runs[runs["status"] == "failed"].drop_duplicates("run_id")
    reasons = failed["reason"].fillna("no reason recorded")
    return reasons.value_counts().rename_axis("reason").rename("runs").reset_index()
