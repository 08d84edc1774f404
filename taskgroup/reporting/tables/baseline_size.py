"""How much of the negative transfer is left against single-task networks of the same total cost."""

from __future__ import annotations

import pandas as pd

from taskgroup.search import Outcome
from taskgroup.transfer import negative_transfer

COLUMNS = ("baseline", "n_cells", "n_negative", "negative_share", "n_flagged", "mean_gain")
_CELL = ["target", "subset"]


def baseline_size_table(outcome: Outcome) -> pd.DataFrame:
    """One row a baseline, over the (target, subset) that were compared with both; `COLUMNS`.

    Returns:
        `negative_share` is of the cells, `n_flagged` counts those with q < 0.05 among all that were tested.
        Empty where nothing was compared with capacity-matched networks.
    """
    tables = (outcome.transfer, outcome.matched_transfer)
    both = tables[0][_CELL].merge(tables[1][_CELL])
    rows = [_row(table, both) for table in tables] if len(both) else []
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _row(transfer: pd.DataFrame, cells: pd.DataFrame) -> tuple[object, ...]:
    own = cells.merge(transfer)
    n_negative = int((own["gain"] < 0).sum())
    n_flagged = len(negative_transfer(own))
    return (
        own["baseline"].iloc[0],
        len(own),
        n_negative,
        n_negative / len(own),
        n_flagged,
        own["gain"].mean(),
    )
