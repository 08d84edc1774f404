"""What each task gains by the recommendation and by one network for all."""

from __future__ import annotations

import pandas as pd

from taskgroup.search import Outcome

STRATEGIES = ("recommended", "all_in_one")


def gain_table(outcome: Outcome) -> pd.DataFrame:
    """Test-split gains with fresh seeds, tasks in falling order of what the recommendation brings.

    Returns:
        One row a strategy and task: strategy, task, subset, gain, low, high, alone (trained by
        itself, so that its gain is zero by definition). Empty before confirmation.
    """
    table = outcome.task_gains
    table = table[table["strategy"].isin(STRATEGIES) & table["gain"].notna()]
    recommended = table[table["strategy"] == "recommended"].set_index("task")["gain"]
    return (
        table.assign(
            alone=table["subset"] == table["task"],
            rank=table["task"].map(recommended.rank(ascending=False, method="first")),
            column=table["strategy"].map(STRATEGIES.index),
        )
        .sort_values(["column", "rank"], kind="stable")
        .drop(columns=["rank", "column"])
        .reset_index(drop=True)
    )
