"""Searches over data that are handed over in Python."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
import yaml
from planted import TASKS, document, planted_table
from torch.utils.data import Dataset as TorchDataset

import taskgroup as tg

TABLE = planted_table(n_rows=120)
FEATURES = [column for column in TABLE if column not in TASKS]


class Planted(TorchDataset):
    def __init__(self, scale: float = 1.0) -> None:
        self.x = torch.tensor(TABLE[FEATURES].to_numpy())
        self.y = torch.tensor(TABLE[list(TASKS)].to_numpy()) * scale

    def __len__(self) -> int:
        return len(self.x)

    def __getitem__(self, number: int) -> tuple[torch.Tensor, torch.Tensor]:
        return self.x[number], self.y[number]


@pytest.fixture
def study(tmp_path: Path) -> tg.Study:
    path = tmp_path / "study.yaml"
    path.write_text(yaml.safe_dump(document("memory", training={"epochs": 2}, search={"runs": 40})))
    return tg.load_study(path)


def test_a_search_goes_on_with_the_same_data_and_refuses_others(study, tmp_path):
    """Runs over other rows must never be mixed with these."""
    storage = f"sqlite:///{tmp_path}/taskgroup.db"
    first = tg.search(study, data=Planted(), storage=storage)
    again = tg.search(study, data=Planted(), storage=storage, workers=2)
    assert again.runs["run_id"].tolist() == first.runs["run_id"].tolist()
    with pytest.raises(tg.StudyChangedError, match="the rows have changed"):
        tg.search(study, data=Planted(scale=2.0), storage=storage)


def test_reports_and_estimates_need_the_data_no_second_time(study, tmp_path):
    """They cannot be read again."""
    result = tg.search(study, data=TABLE)
    assert result.report(tmp_path / "report").is_file()
    assert result.estimate_affinity("lookahead").estimate.shape == (4, 4)


def test_measure_takes_data_too(study):
    columns = {name: TABLE[name].to_numpy() for name in TABLE}
    measured = tg.measure(study, [("a", "b")], data=columns, seeds=1)
    assert set(measured.runs["subset"]) == {"a", "b", "a+b"}


def test_a_study_of_data_in_memory_needs_them(study):
    with pytest.raises(tg.InputError, match="data=table"):
        tg.search(study)


def test_trainers_of_the_users_have_their_own_data():
    with pytest.raises(tg.InputError, match="data="):
        tg.search(["a", "b"], train=lambda request: {}, data=TABLE)
