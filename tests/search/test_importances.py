"""Importances: people fix what does not matter and tune what does."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from planted import document

from taskgroup.search import importance_table
from taskgroup.spec import Study, parse_study, subset_name

STUDY = parse_study(
    document(
        "memory",
        model={"widths": [8, 8]},
        search={"sharing": {"kind": ["hard", "mmoe"], "depth": [1, 2]}, "weighting": ["equal", "dwa"]},
    )
)


def runs_where(study: Study, gain_of: dict[str, float], *, noise: float = 0.01, n: int = 64) -> pd.DataFrame:
    """Runs of all tasks in random ways; the kind of sharing alone decides the gain."""
    rng = np.random.default_rng(3)
    sharing = rng.choice(["hard", "mmoe"], n)
    frame = {
        "subset": subset_name(study.task_names),
        "split": "validation",
        "fidelity": 1.0,
        "sharing": sharing,
        "depth": rng.choice([1, 2], n),
        "weighting": rng.choice(["equal", "dwa"], n),
        "learning_rate": 0.01,
        "weight_decay": 0.01 * (1 + np.arange(n)),
        "sampling": "",
        "distillation": "",
        "gain": [gain_of[kind] for kind in sharing] + noise * rng.normal(size=n),
    }
    return pd.DataFrame(frame)


def test_what_decides_the_gain_is_found():
    """A report that ranks settings wrongly sends people to tune the wrong ones."""
    table = importance_table(runs_where(STUDY, {"hard": 0.0, "mmoe": 0.2}), STUDY)
    assert table["setting"].iloc[0] == "sharing"
    assert table["importance"].iloc[0] > 0.6
    assert table["best"].iloc[0] == "mmoe"
    assert table["importance"].sum() == pytest.approx(1.0)


def test_nothing_is_said_of_a_few_recipes():
    assert importance_table(runs_where(STUDY, {"hard": 0.0, "mmoe": 0.2}, n=5), STUDY).empty


def test_settings_that_few_recipes_have_are_left_out():
    """Three recipes with tuned weights would make the weights look like all that matters."""
    study = parse_study(
        document("memory", model={"widths": [8, 8]}, search={"weighting": ["equal", "static"]})
    )
    runs = runs_where(study, {"hard": 0.0, "mmoe": 0.0}).assign(sharing="hard", depth=2)
    weighted = 'static {{"weights": {{"a": {0}, "b": 1.0, "c": 1.0, "d": 1.0}}}}'
    runs["weighting"] = [weighted.format(i + 0.5) if i < 3 else "equal" for i in range(len(runs))]
    table = importance_table(runs, study)
    assert list(table["setting"]) == [s for s in table["setting"] if not s.startswith("weight of")]
    assert table["importance"].sum() == pytest.approx(1.0)
