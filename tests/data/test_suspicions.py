"""Second looks of `check`: a leak that nobody mentions ends in a paper."""

from __future__ import annotations

import numpy as np

from taskgroup.data import dataset_from_table, draw_split, suspicions
from taskgroup.spec import SplitSpec

N = 300


def found(study_of, tasks: dict[str, str], **columns) -> list[str]:
    rng = np.random.default_rng(0)
    table = {"x0": rng.normal(size=N), "x1": rng.normal(size=N), **columns}
    dataset = dataset_from_table(table, study_of(**tasks))
    return suspicions(dataset, draw_split(dataset, SplitSpec(), study_seed=0, seed=0))


def labels(seed: int, share: float = 0.5) -> np.ndarray:
    return (np.random.default_rng(seed).random(N) < share).astype(int)


def test_nothing_is_found_where_nothing_is_wrong(study_of):
    rare = labels(1, 0.05), labels(2, 0.05)  # 90% of such rows agree by chance
    assert found(study_of, {"a": "binary", "b": "binary"}, a=rare[0], b=rare[1]) == []


def test_nearly_equal_targets(study_of):
    a = np.random.default_rng(1).normal(size=N)
    (sentence,) = found(study_of, {"a": "regression", "b": "regression"}, a=a, b=-2 * a + 0.1 * labels(1))
    assert sentence.startswith("tasks 'a' and 'b' have nearly the same targets: absolute correlation ")
    classes = labels(1) + labels(2)
    changed = np.where(np.arange(N) == 5, 1 - labels(3), (classes + 1) % 3)
    (sentence,) = found(study_of, {"a": "multiclass", "b": "multiclass"}, a=classes, b=changed)
    assert "association (Cramér's V) 0.9" in sentence


def test_features_that_give_a_target_away(study_of):
    a, b = labels(1), np.random.default_rng(2).normal(size=N)
    code = np.where(a == 1, 5.0, np.where(labels(3) == 1, 1.0, 9.0))  # no order: a correlation misses it
    sentences = found(study_of, {"a": "binary", "b": "regression"}, a=a, b=b, code=code, scaled=3 * b + 1)
    assert [s.split(" on held-out")[0] for s in sentences] == [
        "feature 'code' alone predicts task 'a'",
        "feature 'scaled' alone predicts task 'b'",
    ]


def test_rare_classes(study_of):
    a = np.where(np.arange(N) % 75 == 0, 2, labels(1))
    assert found(study_of, {"a": "multiclass", "b": "binary"}, a=a, b=labels(4)) == [
        "task 'a' has only 4 rows of class 2"
    ]


def test_few_rows_to_stop_on(study_of):
    """On landmine's 90 rows a field, stopping early made single-task networks look better than they are."""
    rng = np.random.default_rng(0)
    table = {"x0": rng.normal(size=N), "x1": rng.normal(size=N), "a": labels(1), "b": labels(2, 0.1)}
    dataset = dataset_from_table(table, study_of(a="binary", b="binary"))
    split = draw_split(dataset, SplitSpec(), study_seed=0, seed=0)
    assert suspicions(dataset, split) == []
    (sentence,) = suspicions(dataset, split, stops_early=True)
    assert sentence.startswith("1 of 2 tasks have fewer than 20 validation rows")
