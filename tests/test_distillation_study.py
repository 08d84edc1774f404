"""Distillation from the outside: where a teacher knows more than joint training, the student gains by it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from planted import make_study, planted_table
from torch import nn

import taskgroup as tg
from taskgroup.session import open_session
from taskgroup.spec import Study, parse_study

SEEDS = 8


def early_and_late(n: int = 400) -> pd.DataFrame:
    """A noisy task that is soon learned and then overfitted, and a clean one that takes long."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(n, 8))
    columns: dict[str, Any] = {f"x{i}": x[:, i] for i in range(8)}
    columns["early"] = x @ rng.normal(size=8) / np.sqrt(8) + 1.5 * rng.normal(size=n)
    columns["late"] = x[:, 0] * x[:, 1] + x[:, 2] * x[:, 3] + 0.05 * rng.normal(size=n)
    return pd.DataFrame(columns)


def described(**sections: Any) -> Study:
    return parse_study(
        {
            "name": "early_and_late",
            "data": {"source": "memory"},
            "tasks": [{"name": name, "kind": "regression"} for name in ("early", "late")],
            "model": {"widths": [16]},
            "training": {
                "epochs": 60,
                "batch_size": 16,
                "patience": 5,
                "learning_rate": 0.01,
                "weight_decay": 0.01,
            },
            **sections,
        }
    )


def gains(measured: tg.Measurement, task: str) -> np.ndarray:
    """The pair's test gains of a task, by seed."""
    runs = measured.runs
    pair = runs[(runs["subset"] == "early+late") & (runs["task"] == task) & (runs["split"] == "test")]
    return pair.sort_values("seed")["gain"].to_numpy()


def test_teachers_that_stopped_in_time_undo_the_harm_of_joint_training():
    """Planted: a joint network stops once for both tasks, too late for one and too early for the other.

    Single tasks stop each in its time. Taught by them, the pair must lose less than half as much; if not, a
    user who tries distillation gets labels with noise on top.
    """
    study, data = described(), early_and_late()
    plain = tg.measure(study, [("early", "late")], seeds=SEEDS, data=data)
    taught = tg.measure(study, [("early", "late")], seeds=SEEDS, data=data, distillation="annealed")
    for task in ("early", "late"):
        harmed, helped = gains(plain, task), gains(taught, task)
        assert harmed.mean() < -0.05, task
        assert helped.mean() > harmed.mean() / 2, task
        assert (helped > harmed).sum() >= SEEDS - 2, task
    assert set(taught.runs["distillation"]) > {""}
    assert set(taught.runs.loc[taught.runs["n_tasks"] == 1, "distillation"]) == {""}


@pytest.fixture
def study(tmp_path: Path) -> Study:
    table = planted_table(n_rows=120, noise=0.1)
    training = {"epochs": 5, "precision": "float64"}
    return make_study(tmp_path, table=table, training=training, search={"keep_weights": "all"})


def test_weights_are_kept_beside_the_record_and_read_back(study, tmp_path):
    """A network that somebody paid for could not be used elsewhere."""
    url = f"sqlite:///{tmp_path}/record.db"
    measured = tg.measure(study, [("a", "b")], seeds=1, storage=url, distillation={"fixed": {"weight": 0.3}})
    assert len(list((tmp_path / "record.weights").glob("*.safetensors"))) == 3
    (run_id,) = measured.runs.loc[measured.runs["subset"] == "a+b", "run_id"].unique()
    weights = tg.load_weights(run_id, storage=url)
    network = nn.Sequential(nn.Linear(8, 8), nn.ReLU(), nn.Linear(8, 1))
    names = {"0": "nodes.0.0.linear", "2": "heads.1"}
    network.load_state_dict(
        {f"{i}.{part}": weights[f"{n}.{part}"] for i, n in names.items() for part in ("weight", "bias")}
    )
    assert network(torch.zeros(2, 8)).shape == (2, 1)


def test_weights_that_were_not_kept_are_named(study, tmp_path):
    """The folder, the run and what to do."""
    url = f"sqlite:///{tmp_path}/record.db"
    plain = study.model_copy(update={"search": study.search.model_copy(update={"keep_weights": "none"})})
    measured = tg.measure(plain, [("a",)], seeds=1, storage=url)
    assert not (tmp_path / "record.weights").exists()
    for run_id, said in ((int(measured.runs["run_id"][0]), "keep_weights: all"), (99, "has no run 99")):
        with pytest.raises(tg.NotFoundError, match=said):
            tg.load_weights(run_id, storage=url)
    with pytest.raises(tg.InputError, match="in memory"):
        tg.load_weights(1, storage="sqlite://")
    with pytest.raises(tg.InputError, match="run_id is 'a'"):
        tg.load_weights("a", storage=url)  # type: ignore[arg-type]


def test_keeping_weights_beside_a_record_in_memory_is_refused(study):
    """They would be gone when the search ends."""
    with pytest.raises(tg.InputError, match=r"search\.keep_weights is 'all', but the record is in memory"):
        tg.measure(study, [("a",)], seeds=1)


@pytest.mark.parametrize("given", ["aneal", ["none", "fixed"], {"fixed": {"weight": [0.1, 0.2]}}, 3])
def test_one_distillation_is_measured_at_a_time(study, given):
    """Several in one table could not be told apart by their subset."""
    with pytest.raises(tg.InputError, match="distillation is"):
        tg.measure(study, [("a", "b")], seeds=1, distillation=given)


def test_ways_of_teaching_in_one_record_are_kept_apart(study, tmp_path):
    """The gains of a taught pair would be mixed with those of the pair as it is."""
    url, pair = f"sqlite:///{tmp_path}/record.db", [("a", "b")]
    before = tg.measure(study, pair, seeds=2, storage=url)
    taught = tg.measure(study, pair, seeds=2, storage=url, distillation="annealed")
    after = tg.measure(study, pair, seeds=2, storage=url)
    pd.testing.assert_frame_equal(before.runs, after.runs)
    assert len(taught.runs) == len(before.runs)
    assert not taught.runs["gain"].equals(before.runs["gain"])


def test_an_interrupted_measurement_ends_as_it_would_have(study, tmp_path):
    """With two workers or one, and with weights lost on the way: the same students."""
    wanted = [("a", "b"), ("c", "d"), ("a", "b", "c", "d")]
    whole = tg.measure(study, wanted, seeds=2, storage=f"sqlite:///{tmp_path}/whole.db", distillation="fixed")
    url = f"sqlite:///{tmp_path}/parts.db"
    tg.measure(study, wanted[:1], seeds=1, storage=url, distillation="fixed")  # what was there at the kill
    for file in list((tmp_path / "parts.weights").iterdir())[::2]:
        file.unlink()
    (tmp_path / "parts.weights" / "x.part").write_bytes(b"half a file")
    parts = tg.measure(study, wanted, seeds=2, storage=url, distillation="fixed", workers=2)
    columns = ["subset", "seed", "task", "split"]
    one, other = (m.runs.sort_values(columns)["value"].to_numpy() for m in (whole, parts))
    assert one == pytest.approx(other, rel=1e-9)


def test_a_record_in_memory_leaves_nothing_behind(tmp_path, monkeypatch):
    """Teachers of a search without a file must go with it."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    study = described(search={"distillation": "annealed"})
    with open_session(study, (0,), data=early_and_late(100)):
        assert len(list(tmp_path.iterdir())) == 1
    assert not list(tmp_path.iterdir())


def test_a_search_finds_that_teachers_help():
    """One network must serve both tasks; a search that overlooks teachers recommends one that harms them."""
    limits = {"distillation": ["none", "annealed"], "runs": 90, "seeds": 4, "linear": False}
    study = described(search=limits, grouping={"max_groups": 1})
    result = tg.search(study, storage="sqlite://", data=early_and_late())
    (network,) = result.recommendation.networks
    assert str(network.hyperparameters["distillation"]).startswith("annealed")
    assert result.recommendation.gain is not None
