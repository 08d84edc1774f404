"""Which tasks are hurt by which company, worst first."""

from __future__ import annotations

import pandas as pd

from taskgroup.search import Outcome
from taskgroup.spec import SEPARATOR, subset_from_name

COLUMNS = ("target", "company", "gain", "low", "high", "q_value", "n_seeds", "baseline", "floored")


def negative_transfer_table(outcome: Outcome) -> pd.DataFrame:
    """One row a harmed (target, subset), worst first: `COLUMNS`; `company` is the subset's other tasks."""
    table = outcome.negative_transfer.sort_values("gain", kind="stable")
    company = [
        SEPARATOR.join(name for name in subset_from_name(subset) if name != target)
        for target, subset in zip(table["target"], table["subset"], strict=True)
    ]
    return table.assign(company=company)[list(COLUMNS)].reset_index(drop=True)


def tested(outcome: Outcome) -> int:
    """How many (target, subset) were tested for negative transfer, by which q-values are corrected."""
    return int(outcome.transfer["q_value"].notna().sum())
