import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.preprocessing import StandardScaler

from taskgroup.data import Dataset, Split, dataset_from_table, draw_split, prepare
from taskgroup.data.prepare import standardisation
from taskgroup.spec import SplitSpec

N = 60


@pytest.fixture(scope="module")
def dataset(study_of):
    rng = np.random.default_rng(3)
    missing = lambda values: np.where(rng.random(N) < 0.2, np.nan, values)  # noqa: E731
    table = {
        "x": rng.normal(5, 100, size=(N, 4)),
        "b": missing(np.arange(N) % 2),
        "m": missing(np.arange(N) % 3),
        "r": missing(rng.normal(1000, 3, N)),
        "l1": missing(np.arange(N) % 2),
        "l2": np.arange(N) % 5 == 0,
    }
    tags = {"target": ["l1", "l2"], "kind": "multilabel"}
    return dataset_from_table(table, study_of(b="binary", m="multiclass", r="regression", tags=tags))


@pytest.fixture(scope="module")
def split(dataset):
    return draw_split(dataset, SplitSpec(), study_seed=0, seed=0)


def test_features_equal_scikit_learns_standardisation(dataset, split):
    scaler = StandardScaler().fit(dataset.features[split.train].astype(np.float64))
    prepared = prepare(dataset, split)
    assert prepared.features.dtype == np.float32
    np.testing.assert_allclose(
        prepared.features, scaler.transform(dataset.features.astype(np.float64)), atol=1e-6
    )


def test_regression_targets_equal_scikit_learns_standardisation_and_come_back(dataset, split):
    """Predictions are reported in the user's units through `offset` and `scale`."""
    prepared, target = prepare(dataset, split), dataset.targets["r"]
    scaler = StandardScaler().fit(target.values[split.train, None])  # it ignores NaN
    row = prepared.targets[prepared.outputs["r"]][0].astype(np.float64)
    seen = target.labelled
    np.testing.assert_allclose(row[seen], scaler.transform(target.values[seen, None])[:, 0], atol=1e-6)
    np.testing.assert_allclose(
        row[seen] * prepared.scale[2] + prepared.offset[2], target.values[seen], rtol=1e-6
    )


@given(st.floats(-1e3, 1e3, allow_nan=False))
@settings(deadline=None, max_examples=20)
def test_validation_and_test_rows_leave_no_trace(dataset, split, value):
    """Means taken over all rows would leak the test rows into training."""
    others = np.concatenate([split.validation, split.test])
    features = dataset.features.copy()
    features[others] = value
    changed = prepare(Dataset(features, dataset.feature_names, dataset.targets), split)
    np.testing.assert_array_equal(
        changed.features[split.train], prepare(dataset, split).features[split.train]
    )


def test_targets_are_encoded_by_kind(dataset, split):
    prepared = prepare(dataset, split)
    assert prepared.outputs == {"b": slice(0, 1), "m": slice(1, 4), "r": slice(4, 5), "tags": slice(5, 7)}
    assert prepared.targets.shape == (7, N)
    assert prepared.targets.dtype == np.float32
    binary, classes, tags = (dataset.targets[name] for name in ("b", "m", "tags"))
    np.testing.assert_array_equal(prepared.targets[0], np.nan_to_num(binary.values))
    np.testing.assert_array_equal(
        prepared.targets[1:4].argmax(0)[classes.labelled], classes.values[classes.labelled]
    )
    np.testing.assert_array_equal(prepared.targets[1:4].sum(0), classes.labelled)
    np.testing.assert_array_equal(prepared.targets[5:7], np.where(tags.labelled, tags.values.T, 0))
    assert prepared.offset[[0, 1, 3]].tolist() == [0, 0, 0]
    assert prepared.scale[[0, 1, 3]].tolist() == [1, 1, 1]


def test_missing_labels_are_masked_and_counted(dataset, split):
    prepared = prepare(dataset, split)
    assert prepared.labelled.shape == (4, N)
    np.testing.assert_array_equal(prepared.labelled[3], ~np.isnan(dataset.targets["tags"].values).any(axis=1))
    for task, outputs in enumerate(prepared.outputs.values()):
        assert not prepared.targets[outputs][:, ~prepared.labelled[task]].any()
    np.testing.assert_array_equal(prepared.n_training_labels, prepared.labelled[:, split.train].sum(axis=1))


@given(st.permutations(range(N)))
@settings(deadline=None, max_examples=20)
def test_the_order_of_rows_does_not_matter(dataset, split, order):
    order = np.array(order)
    place = np.argsort(order)
    shuffled = Dataset(dataset.features[order], dataset.feature_names, dataset.targets)
    moved = Split(train=place[split.train], validation=place[split.validation], test=place[split.test])
    np.testing.assert_allclose(
        prepare(shuffled, moved).features, prepare(dataset, split).features[order], atol=1e-6
    )


def test_rounding_is_not_taken_for_variation():
    """Dividing by a standard deviation that is rounding noise would send the other rows to infinity."""
    constant = np.full((36, 1), 0.1)
    assert constant.std() > 0
    assert standardisation(constant)[1].tolist() == [1.0]


def test_a_feature_constant_in_training_keeps_its_units(dataset, split):
    features = dataset.features.copy()
    features[split.train, 0] = 0.1
    prepared = prepare(Dataset(features, dataset.feature_names, dataset.targets), split)
    assert prepared.feature_scale[0] == 1
    np.testing.assert_allclose(prepared.features[split.train, 0], 0, atol=1e-6)
