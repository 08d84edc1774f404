"""What each way of sharing and weighting did to the networks that were trained in it as well."""

from __future__ import annotations

from typing import Any

import pandas as pd

from taskgroup.search import WAY, Outcome
from taskgroup.transfer import FLAG_LEVEL

COLUMNS = (*WAY, "n_networks", "n_better", "n_worse", "mean")


def ways_table(outcome: Outcome) -> pd.DataFrame:
    """One row a way of joint training besides the first, most advantageous first; `COLUMNS`.

    Returns:
        `n_better` and `n_worse` count networks that differ from the same subset in the first way at
        q < 0.05, `mean` is the mean advantage.
    """
    by_way = outcome.ways.groupby(list(WAY), sort=False)
    rows = [_row(way, own) for way, own in by_way]
    table = pd.DataFrame(rows, columns=list(COLUMNS))
    return table.sort_values("mean", ascending=False, ignore_index=True)


def _row(way: Any, own: pd.DataFrame) -> tuple[object, ...]:
    flagged = own["q_value"] < FLAG_LEVEL
    return (
        *way,
        len(own),
        int((flagged & (own["advantage"] > 0)).sum()),
        int((flagged & (own["advantage"] < 0)).sum()),
        own["advantage"].mean(),
    )
