"""What sharing does before anything is tuned."""

from __future__ import annotations

import itertools

import pandas as pd

import taskgroup as tg
from taskgroup.spec import Study
from taskgroup.transfer import FLAG_LEVEL


def untuned(study: Study, seeds: int = 5) -> str:
    """Scores alone and all together, and how many pairs help or hurt, with default settings."""
    names = study.task_names
    subsets = [*itertools.combinations(names, 2), names]
    measured = tg.measure(study, subsets, seeds=seeds)
    test = measured.runs[measured.runs["split"] == "test"]
    by_subset = test.groupby(["subset", "task"])["value"].mean()
    alone = pd.Series({name: by_subset[name, name] for name in names})
    joint = pd.Series({name: by_subset["+".join(names), name] for name in names})
    up = int((joint > alone).sum())
    cells = measured.transfer[measured.transfer["n_tasks"] == 2]
    sure = cells[cells["q_value"] < FLAG_LEVEL]
    return (
        f"Untuned ({seeds} seeds, learning rate 0.003): mean test score {alone.mean():.3f} alone, "
        f"{joint.mean():.3f} all in one; {up} tasks up, {len(names) - up} down. Of {len(cells)} ordered pairs "
        f"{int((cells['gain'] > 0).sum())} are up, {int((cells['gain'] < 0).sum())} down on validation rows; "
        f"{int((sure['gain'] > 0).sum())} significantly up, {int((sure['gain'] < 0).sum())} significantly down."
        "\n\n"
    )
