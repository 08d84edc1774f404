import subprocess
import sys

import numpy as np
import pytest

from taskgroup.data import dataset_from_table

SCRIPT = """
import numpy as np
from taskgroup.data import dataset_from_table
from taskgroup.spec import parse_study
study = parse_study({"name": "s", "data": {"source": "m"}, "tasks": [
    {"name": "y", "kind": "binary"}, {"name": "z", "kind": "regression"}]})
table = {"x": np.arange(12.0), "y": ["a", "b"] * 6, "z": [None, *range(11)]}
print(dataset_from_table(table, study).fingerprint)
"""


@pytest.fixture(scope="module")
def table():
    return {"x": np.arange(12.0), "y": ["a", "b"] * 6, "z": [None, *range(11)]}


def test_the_same_in_another_process(study_of, table):
    """Stored runs are found again by it; otherwise a resumed search would start from nothing."""
    here = dataset_from_table(table, study_of(y="binary", z="regression")).fingerprint
    done = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == here


@pytest.mark.parametrize(
    "change",
    [
        {"x": np.arange(12.0) + 1e-3},
        {"y": ["a", "c"] * 6},
        {"y": ["b", "a"] * 6},
        {"z": [None, None, *range(1, 11)]},
        {"w": np.arange(12.0)},
    ],
)
def test_any_change_of_the_data_shows(study_of, table, change):
    """Otherwise results of other data would be taken for results of these."""
    study = study_of(y="binary", z="regression")
    before = dataset_from_table(table, study).fingerprint
    assert dataset_from_table({**table, **change}, study).fingerprint != before


def test_renamed_features_and_tasks_show(study_of, table):
    study = study_of(y="binary", z="regression")
    renamed = {"v" if name == "x" else name: values for name, values in table.items()}
    other_task = study_of(q={"target": "y", "kind": "binary"}, z="regression")
    fingerprints = [
        dataset_from_table(table, study),
        dataset_from_table(renamed, study),
        dataset_from_table(table, other_task),
    ]
    assert len({dataset.fingerprint for dataset in fingerprints}) == 3
