import numpy as np
import pytest

from taskgroup.data import Split, dataset_from_table, require_learnable
from taskgroup.errors import InputError

SPLIT = Split(train=np.arange(10), validation=np.arange(10, 20), test=np.arange(20, 30))
MIXED = np.arange(30) % 2


def labels(value, rows):
    values = MIXED.astype(float)
    values[rows] = value
    return values


PARTS = {"training": slice(0, 10), "validation": slice(10, 20), "test": slice(20, 30)}


def require(study_of, **task_and_values):
    table = {"x": np.arange(30.0), "other": MIXED, "twin": 1 - MIXED}
    tasks = {}
    for name, (kind, values) in task_and_values.items():
        tasks[name], table[name] = kind, values
    require_learnable(dataset_from_table(table, study_of(other="binary", **tasks)), SPLIT)


@pytest.mark.parametrize("part", PARTS)
def test_a_part_without_labels_is_refused(study_of, part):
    with pytest.raises(
        InputError, match=rf"task 'age' has no labelled {part} rows; drop it, or .*data\.split"
    ):
        require(study_of, age=("binary", labels(np.nan, PARTS[part])))


@pytest.mark.parametrize("part", PARTS)
def test_auc_and_r2_need_labels_that_differ(study_of, part):
    """Without this check a run would end with a score of NaN after all its training."""
    for kind in ("binary", "regression"):
        with pytest.raises(
            InputError, match=rf"task 'age' has only one distinct label in its 10 {part} rows"
        ):
            require(study_of, age=(kind, labels(1, PARTS[part])))


def test_accuracy_is_defined_on_one_class(study_of):
    kind = {"kind": "binary", "metric": "accuracy"}
    require(study_of, age=(kind, labels(1, PARTS["test"])))
    with pytest.raises(InputError, match="training rows"):
        require(study_of, age=(kind, labels(1, PARTS["training"])))


def test_each_label_of_a_multilabel_task_counts(study_of):
    kind = {"kind": "multilabel", "target": ["twin", "tags"]}
    require(study_of, tags=(kind, MIXED))
    with pytest.raises(InputError, match=r"task 'tags'.*validation rows \(column 'tags'\)"):
        require(study_of, tags=(kind, labels(0, PARTS["validation"])))
