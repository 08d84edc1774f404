"""Public research tables that lie beside the checkout on some machines; skipped elsewhere."""

from pathlib import Path

import pandas as pd
import pytest

from taskgroup.data import draw_split, load_dataset, prepare, require_learnable
from taskgroup.spec import RunSpec, Sharing
from taskgroup.training import Trainer

FOLDER = Path(__file__).resolve().parents[3] / "shared" / "data"
TABLES = {  # kind, features, tasks, share of missing labels
    "emotions": ("binary", 72, 6, 0.0),
    "wq": ("regression", 16, 14, 0.0),
    "sarcos": ("regression", 21, 7, 0.0),
    "tox21": ("binary", None, 12, 0.17),
}


@pytest.mark.parametrize("name", TABLES)
def test_real_tables_load_divide_and_standardise(study_of, name):
    path = FOLDER / f"{name}.parquet"
    if not path.exists():
        pytest.skip(f"{name}.parquet is not beside the checkout")
    kind, n_features, n_tasks, missing = TABLES[name]
    frame = pd.read_parquet(path)
    data = {}
    if name == "tox21":
        columns = [c for c in frame if c.startswith("d_") and pd.notna(frame[c]).all()]
        data = {"features": [c for c in columns if abs(frame[c]).max() < 1e30]}
    targets = [c for c in frame if c.startswith("y_")]
    study = study_of(str(path), data=data, **dict.fromkeys(targets, kind))
    dataset = load_dataset(study)
    assert len(dataset.targets) == n_tasks
    assert n_features is None or dataset.features.shape[1] == n_features

    split = draw_split(dataset, study.data.split, study_seed=0, seed=0)
    require_learnable(dataset, split)
    prepared = prepare(dataset, split)
    assert abs(prepared.features[split.train].mean(axis=0, dtype=float)).max() < 1e-3
    assert 1 - prepared.labelled.mean() == pytest.approx(missing, abs=0.02)


def test_missing_descriptors_are_refused_by_name(study_of):
    path = FOLDER / "tox21.parquet"
    if not path.exists():
        pytest.skip("tox21.parquet is not beside the checkout")
    study = study_of(
        str(path), data={"features": ["d_MaxPartialCharge"]}, **{"y_NR-AR": "binary", "y_NR-ER": "binary"}
    )
    with pytest.raises(ValueError, match=r"'d_MaxPartialCharge' has missing values in 95 of 7,823 rows"):
        load_dataset(study)


def test_landmine_fields_help_each_other(study_of):
    """Known: one network for all 29 fields is better on average than a network for each."""
    path = FOLDER / "landmine.parquet"
    if not path.exists():
        pytest.skip("landmine.parquet is not beside the checkout")
    fields = range(1, 30)
    tasks = {f"field{i}": {"rows": i, "target": "y", "kind": "binary"} for i in fields}
    study = study_of(str(path), data={"task_column": "task"}, **tasks)
    trainer = Trainer(study, load_dataset(study))
    subsets = [*((name,) for name in tasks), tuple(tasks)]
    runs = [RunSpec(subset, Sharing("hard", 2), "equal", 0.003, 0.01, seed=0) for subset in subsets]
    results = [result for cohort in trainer.pack(runs) for result in trainer.train(cohort)]
    auc = {
        (result.spec.subset, score.task): score.value
        for result in results
        for score in result.scores
        if score.split == "test"
    }
    gains = [auc[subsets[-1], name] - auc[(name,), name] for name in tasks]
    assert sum(gains) / len(gains) > 0.01
