"""The studies that ship must run as they stand, in a smaller form here."""

from __future__ import annotations

from pathlib import Path

import pytest

import taskgroup as tg
from taskgroup.data import load_dataset
from taskgroup.errors import InputError
from taskgroup.spec import ModelSpec, RunSpec, Sharing
from taskgroup.training import Trainer

STUDIES = Path(__file__).parents[1] / "studies"


@pytest.mark.parametrize("name", ["two_heads", "sentiment_topic"])
def test_studies_with_other_encoders_run_from_file_to_recommendation(name):
    """Images and texts through the whole search: data, modules, serving costs, grouping, fresh seeds."""
    study = tg.load_study(STUDIES / f"{name}.yaml")
    split = study.data.split.model_copy(update={"train_fraction": 0.2})
    training = study.training.model_copy(update={"epochs": 2, "learning_rate": 0.01, "weight_decay": 0.01})
    search = study.search.model_copy(update={"seeds": 2, "confirm_seeds": 2, "runs": 22})
    data = study.data.model_copy(update={"split": split})
    small = study.model_copy(update={"data": data, "training": training, "search": search})
    result = tg.search(small)
    assert set(result.runs["subset"]) == {*study.task_names, "+".join(study.task_names)}
    assert {task for network in result.recommendation.networks for task in network.serves} == set(
        study.task_names
    )
    assert result.recommendation.cost in (1.0, 2.0)


def test_narrower_baselines_are_found_for_convolutions():
    """Capacity-matched gains need widths that cost what a share of the joint network does."""
    study = tg.load_study(STUDIES / "two_heads.yaml")
    training = study.training.model_copy(update={"epochs": 1, "learning_rate": 0.01, "weight_decay": 0.01})
    measured = tg.measure(
        study.model_copy(update={"training": training}), [study.task_names], seeds=1, baseline="matched"
    )
    capacities = set(measured.runs["capacity"])
    assert len(capacities) == 2
    assert 0.5 < min(capacities) < 1.0


def test_estimators_that_need_the_stacked_mlp_say_so():
    """Better than an error from deep inside: the user learns what to use instead."""
    study = tg.load_study(STUDIES / "two_heads.yaml")
    trainer = Trainer(study, load_dataset(study))
    with pytest.raises(InputError, match="need the plain 'mlp' encoder, not 'cnn'"):
        trainer.probe(RunSpec(study.task_names, Sharing("hard", 2), "equal", 0.01, 0.01, 0))


def test_wrong_encoders_are_refused_before_anything_is_written(tmp_path, monkeypatch):
    """A search that cannot build its networks must leave no record behind."""
    monkeypatch.chdir(tmp_path)
    study = tg.load_study(STUDIES / "two_heads.yaml")
    model = ModelSpec(encoder="python:nowhere:Net", blocks=2)
    with pytest.raises(InputError, match="there is no module 'nowhere'"):
        tg.search(study.model_copy(update={"model": model}), storage="sqlite:///taskgroup.db")
    assert not list(tmp_path.iterdir())
