"""Small studies with a known structure, for tests that search or train."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import yaml

from taskgroup.data import planted_groups
from taskgroup.spec import Study, parse_study

TASKS = ("a", "b", "c", "d")


def planted_table(**settings: Any) -> pd.DataFrame:
    """Tasks a and b are related, and c and d; across, they get in each other's way."""
    defaults = {"n_rows": 300, "n_features": 8, "noise": 0.05, "conflict": True}
    return planted_groups(groups=[["a", "b"], ["c", "d"]], **{**defaults, **settings})


def document(source: str | Path, **sections: Any) -> dict[str, Any]:
    """A study of the four tasks; nothing is tuned and the network is tiny, so that it trains in a moment."""
    training = {"epochs": 30, "batch_size": 16, "learning_rate": 0.01, "weight_decay": 0.01}
    search = {"runs": 60, "seeds": 2, "confirm_seeds": 2}
    return {
        "name": "planted",
        "data": {"source": str(source)},
        "tasks": [{"name": name, "kind": "regression"} for name in TASKS],
        "model": {"widths": [8]},
        **sections,
        "training": training | sections.get("training", {}),
        "search": search | sections.get("search", {}),
        "grouping": sections.get("grouping", {"max_groups": 2}),
    }


def make_study(folder: Path, *, table: pd.DataFrame | None = None, **sections: Any) -> Study:
    """Write the table to `folder` and describe a study of it."""
    return parse_study(document(_write_table(folder, table), **sections))


def write_study(folder: Path, *, table: pd.DataFrame | None = None, **sections: Any) -> Path:
    """A study file beside its table."""
    path = folder / "planted.yaml"
    path.write_text(yaml.safe_dump(document(_write_table(folder, table).name, **sections)))
    return path


def _write_table(folder: Path, table: pd.DataFrame | None) -> Path:
    path = folder / "planted.csv"
    (planted_table() if table is None else table).to_csv(path, index=False)
    return path
