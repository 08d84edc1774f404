import numpy as np
import pytest

from taskgroup.data import load_dataset

KINDS = {
    "digit": "multiclass",
    "odd": "binary",
    "ge5": "binary",
    "has_loop": "binary",
    "prime": "binary",
    "ink": "regression",
    "left_share": "regression",
}


@pytest.fixture(scope="module")
def images():
    from sklearn.datasets import load_digits

    return load_digits()


def test_derived_targets_are_what_the_documentation_says(study_of, images):
    """A wrong derivation would make every number of the quick start about other tasks than named."""
    targets = load_dataset(study_of("sklearn:digits", **KINDS)).targets
    rules = {
        "digit": lambda d: d,
        "odd": lambda d: d in {1, 3, 5, 7, 9},
        "ge5": lambda d: d in {5, 6, 7, 8, 9},
        "has_loop": lambda d: d in {0, 6, 8, 9},
        "prime": lambda d: d in {2, 3, 5, 7},
    }
    for name, rule in rules.items():
        assert targets[name].values.tolist() == [float(rule(d)) for d in images.target]
    ink = [sum(pixel for row in image for pixel in row) for image in images.images]
    left = [sum(pixel for row in image for pixel in row[:4]) for image in images.images]
    np.testing.assert_allclose(targets["ink"].values, ink)
    np.testing.assert_allclose(targets["left_share"].values, np.divide(left, ink))


def test_unused_targets_never_become_features(study_of):
    """With `digit` among the features, `odd` and `prime` would be solved by looking it up."""
    dataset = load_dataset(study_of("sklearn:digits", odd="binary", prime="binary"))
    assert all(name.startswith("pixel_") for name in dataset.feature_names)
    assert dataset.features.shape == (1797, 61)
    assert dataset.warnings == (
        "constant feature columns were dropped: 'pixel_0_0', 'pixel_4_0', 'pixel_4_7'",
    )


def test_a_label_column_can_be_asked_for_as_a_feature(study_of):
    study = study_of("sklearn:digits", data={"features": ["ink", "pixel_3_3"]}, odd="binary", prime="binary")
    assert load_dataset(study).feature_names == ("ink", "pixel_3_3")


@pytest.mark.parametrize(
    ("name", "task", "kind", "shape"),
    [
        ("iris", "target", "multiclass", (150, 3)),
        ("wine", "target", "multiclass", (178, 12)),
        ("breast_cancer", "target", "binary", (569, 29)),
        ("diabetes", "target", "regression", (442, 9)),
        ("linnerud", "Waist", "regression", (20, 2)),
    ],
)
def test_other_bundled_sets_load(study_of, name, task, kind, shape):
    other = {"iris": "petal width (cm)", "wine": "alcohol", "breast_cancer": "mean area"}
    second = {**other, "diabetes": "bmi", "linnerud": "Chins"}[name]
    study = study_of(
        f"sklearn:{name}", first={"target": task, "kind": kind}, b={"target": second, "kind": "regression"}
    )
    dataset = load_dataset(study)
    assert dataset.features.shape == shape
    assert not {"Weight", "Pulse", "target"} & set(dataset.feature_names)
