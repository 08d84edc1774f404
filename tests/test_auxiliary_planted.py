"""Planted kinds of help: each auxiliary task helps where it was built to, and the search finds it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import pytest

import taskgroup as tg
from taskgroup.spec import Study, parse_study


def study_of(tasks: Sequence[dict[str, Any]], *, runs: int = 60, **sections: Any) -> Study:
    training = {"epochs": 40, "batch_size": 32, "learning_rate": 0.01, "weight_decay": 0.01}
    return parse_study(
        {
            "name": "planted",
            "tasks": list(tasks),
            "model": {"widths": [16]},
            "training": training,
            "search": {"runs": runs, "seeds": 3, "confirm_seeds": 5},
            **sections,
            "data": {"source": "memory", **sections.get("data", {})},
        }
    )


def riding(found: tg.SearchResult) -> set[str]:
    networks = found.recommendation.networks
    return {task for network in networks for task in network.subset if task not in network.serves}


def wave(rng: np.random.Generator, n_rows: int) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """Eight features and a signal that is not linear in them."""
    x, direction = rng.normal(size=(n_rows, 8)), rng.normal(size=8) / np.sqrt(8)
    return {f"x{i}": x[:, i] for i in range(8)}, np.sin(2 * x @ direction)


def test_a_hint_that_carries_the_signal_is_recommended_and_junk_is_not():
    """A column known in training alone, such as a later diagnosis, is what auxiliary tasks are for."""
    rng = np.random.default_rng(0)
    features, signal = wave(rng, 2000)
    scarce = np.where(rng.random(2000) < 0.9, np.nan, signal + 0.3 * rng.normal(size=2000))
    table = pd.DataFrame({**features, "yield": scarce, "hint": signal, "junk": rng.normal(size=2000)})
    study = study_of(
        [
            {"name": "yield", "kind": "regression"},
            {"name": "hint", "kind": "regression", "role": "auxiliary"},
            {"name": "junk", "kind": "regression", "role": "auxiliary"},
        ]
    )
    found = tg.search(study, data=table)
    assert riding(found) == {"hint"}
    assert found.recommendation.low > 0.1
    helped = found.auxiliaries.query("beside == target").set_index("auxiliary")
    assert helped.loc["hint", "q_value"] < 0.05
    assert helped.loc["junk", "low"] < 0
    assert set(found.runs["task"].dropna()) == {"yield"}


def hospitals(rng: np.random.Generator) -> pd.DataFrame:
    """Ill or not, by three weak signs; three other columns tell the hospital, and most ill are in some."""
    site = np.repeat(np.arange(30), 30)
    share_ill = np.where(rng.permutation(30) % 2 == 0, 0.9, 0.1)[site]
    ill = (rng.random(len(site)) < share_ill).astype(int)
    signs = 0.8 * (2 * ill - 1)[:, None] + rng.normal(size=(len(site), 3))
    device = 1.5 * rng.normal(size=(30, 3))[site] + 0.3 * rng.normal(size=(len(site), 3))
    columns = {f"sign{i}": signs[:, i] for i in range(3)} | {f"device{i}": device[:, i] for i in range(3)}
    return pd.DataFrame({**columns, "ill": ill, "ward": site, "hospital": [f"h{i}" for i in site]})


def test_an_adversary_that_removes_a_nuisance_helps_in_unseen_hospitals():
    """Learned with the hospital in mind, a network fails in the next one; unlearning it shows as a gain."""
    nuisance = {"name": "hospital", "kind": "multiclass", "role": "auxiliary"}
    study = study_of(
        [{"name": "ill", "kind": "binary", "metric": "log_loss"}, {**nuisance, "adversarial": 0.3}],
        data={"split": {"by": "group", "column": "ward", "test": 0.3, "validation": 0.3}},
    )
    found = tg.search(study, data=hospitals(np.random.default_rng(0)))
    assert riding(found) == {"hospital"}
    assert found.recommendation.low > 0


def test_junk_alone_is_not_recommended():
    """The winner of noise must not be told as a finding."""
    rng = np.random.default_rng(1)
    features, signal = wave(rng, 400)
    table = pd.DataFrame({**features, "y": signal + 0.2 * rng.normal(size=400), "junk": rng.normal(size=400)})
    study = study_of(
        [{"name": "y", "kind": "regression"}, {"name": "junk", "kind": "regression", "role": "auxiliary"}]
    )
    assert riding(tg.search(study, data=table)) == set()


def test_an_input_serves_better_as_an_output():
    """A measurement that will be missing when predictions are made is no input, and helps as a task."""
    rng = np.random.default_rng(2)
    features, signal = wave(rng, 1000)
    scarce = np.where(rng.random(1000) < 0.9, np.nan, signal + 0.3 * rng.normal(size=1000))
    lab = np.where(rng.random(1000) < 0.2, np.nan, signal + 0.2 * rng.normal(size=1000))
    table = pd.DataFrame({**features, "y": scarce, "lab": lab})
    study = study_of(
        [
            {"name": "y", "kind": "regression"},
            {"name": "tests", "role": "auxiliary", "derive": {"inputs": ["lab"], "remove": True}},
        ]
    )
    gain = tg.measure(study, [("y", "tests")], seeds=4, data=table).transfer["gain"]
    assert gain.to_numpy() > 0.1


def test_what_comes_next_tells_what_is():
    """A state that shows better in a later measurement than in today's label is learned from there."""
    rng = np.random.default_rng(3)
    features, signal = wave(rng, 1000)
    later = np.concatenate([rng.normal(size=2), signal[:-2]])  # today's signal is measured two rows later
    scarce = np.where(rng.random(1000) < 0.9, np.nan, signal + 0.3 * rng.normal(size=1000))
    table = pd.DataFrame({**features, "y": scarce, "sensor": later, "t": np.arange(1000)})
    study = study_of(
        [
            {"name": "y", "kind": "regression"},
            {
                "name": "sensor_soon",
                "kind": "regression",
                "role": "auxiliary",
                "derive": {"ahead": "sensor", "steps": 2, "order": "t"},
            },
        ],
        data={"exclude": ["sensor"]},
    )
    gain = tg.measure(study, [("y", "sensor_soon")], seeds=4, data=table).transfer["gain"]
    assert gain.to_numpy() > 0.1


@pytest.mark.parametrize("smooth", [None, 0.7])
def test_a_quantised_target_helps_where_outliers_mislead(smooth):
    """Classes do not care how far out an outlier lies, and squared errors care for little else."""
    rng = np.random.default_rng(4)
    features, signal = wave(rng, 800)
    wild = np.where(rng.random(800) < 0.1, 8.0 * rng.normal(size=800), 0.0)
    table = pd.DataFrame({**features, "y": signal + wild})
    derive = {"quantise": "y", "bins": 4, "smooth": smooth}
    study = study_of(
        [
            {"name": "y", "kind": "regression", "metric": "mae"},
            {"name": "band", "role": "auxiliary", "derive": derive},
        ]
    )
    gain = tg.measure(study, [("y", "band")], seeds=4, data=table).transfer["gain"]
    assert gain.to_numpy() > 0.02
