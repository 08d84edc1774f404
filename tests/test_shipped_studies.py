"""The studies that ship must run as they stand, in a smaller form here."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import taskgroup as tg
from taskgroup.data import load_dataset
from taskgroup.errors import InputError
from taskgroup.spec import ModelSpec, RunSpec, Sharing
from taskgroup.training import Trainer

STUDIES = Path(__file__).parents[1] / "studies"


@pytest.mark.parametrize("name", ["two_heads", "sentiment_topic", "reviews"])
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


def test_planted_assays_show_in_the_pairs():
    """Partners of a task's own group are better than others, or the study does not show what it says."""
    study = tg.load_study(STUDIES / "assays.yaml")
    pairs = [("receptor_1", "receptor_2"), ("stress_2", "stress_3"), ("enzyme_3", "enzyme_4")]
    others = [("receptor_1", "stress_2"), ("stress_3", "enzyme_3"), ("receptor_2", "enzyme_4")]
    gains = tg.measure(study, [*pairs, *others], seeds=3).transfer.groupby("subset")["gain"].mean()
    related, unrelated = (gains[["+".join(pair) for pair in chosen]].mean() for chosen in (pairs, others))
    assert related > unrelated + 0.05


def test_assays_miss_labels_at_different_rates():
    """Masked labels and rare classes are what the study is there for."""
    targets = load_dataset(tg.load_study(STUDIES / "assays.yaml")).targets.values()
    labelled = sorted(target.labelled.mean() for target in targets)
    positive = sorted(np.nanmean(target.values) for target in targets)
    assert labelled[0] < 0.45
    assert labelled[-1] > 0.85
    assert positive[0] < 0.15
    assert positive[-1] > 0.25


def test_yeast_runs_from_the_package_that_holds_it():
    """The extra must give the table, and the search must take its 14 labels."""
    pytest.importorskip("river", reason="the extra taskgroup[river] is not installed")
    study = tg.load_study(STUDIES / "yeast.yaml")
    training = study.training.model_copy(update={"epochs": 1, "learning_rate": 0.01, "weight_decay": 0.01})
    small = study.model_copy(update={"training": training})
    measured = tg.measure(small, [study.task_names], seeds=1)
    assert set(measured.runs["task"]) == set(study.task_names)


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


def test_hospitals_unlearn_what_they_are_told_to():
    """The shipped example of auxiliary tasks shows what its comments say."""
    result = tg.search(tg.load_study(STUDIES / "hospitals.yaml"))
    (network,) = result.recommendation.networks
    assert network.serves == ("ill",)
    assert "hospital" in network.subset
    assert "bed" not in network.subset
    assert result.recommendation.low > 0
