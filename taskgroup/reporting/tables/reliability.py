"""How well gains of pairs predict gains of larger subsets."""

from __future__ import annotations

import numpy as np
import pandas as pd

from taskgroup.search import Outcome


def reliability_table(outcome: Outcome) -> pd.DataFrame:
    """One row a larger subset's task that has both values: target, subset, predicted, measured."""
    table = outcome.reliability[["target", "subset", "predicted", "measured"]]
    finite = table.astype({"predicted": float, "measured": float}).replace([np.inf, -np.inf], np.nan)
    return finite.dropna().reset_index(drop=True)
