"""Targets made of other columns: exact, from the training rows alone, and with no word of other rows."""

from __future__ import annotations

import numpy as np
import pytest

from taskgroup.data import Dataset, Split, dataset_from_table, draw_split, prepare, require_learnable
from taskgroup.data.derived.ahead import rows_ahead
from taskgroup.data.derived.quantise import Quantiles
from taskgroup.errors import InputError
from taskgroup.spec import SplitSpec

N = 60


def table() -> dict[str, object]:
    rng = np.random.default_rng(0)
    return {
        "x": rng.normal(size=N),
        "dose": np.where(np.arange(N) % 7 == 0, np.nan, rng.normal(3.0, 2.0, N)),
        "colour": np.array(["red", "blue", "green"] * (N // 3), dtype=object),
        "y": rng.normal(size=N) ** 3,
        "patient": np.repeat(np.arange(N // 6), 6),
        "day": np.tile([3, 1, 2, 6, 5, 4], N // 6),
    }


def derived(study_of, derive: dict, *, drop: tuple[str, ...] = ("dose",), data: dict | None = None, **task):
    columns = {name: values for name, values in table().items() if name not in drop}
    task = {"role": "auxiliary", "derive": derive, **task}
    return dataset_from_table(columns, study_of(y="regression", extra=task, data=data))


def split_of(dataset: Dataset, **spec) -> Split:
    return draw_split(dataset, SplitSpec(**spec), study_seed=0, seed=1)


def encoded(dataset: Dataset, split: Split) -> tuple[np.ndarray, np.ndarray]:
    """What networks learn of the derived task: targets [K, N] and which rows have one."""
    prepared = prepare(dataset, split)
    return prepared.targets[prepared.outputs["extra"]].astype(float), prepared.labelled[1]


def test_all_inputs_are_their_own_targets(study_of):
    """Reconstruction must aim at exactly what the network reads."""
    dataset = derived(study_of, {"inputs": "all"}, data={"exclude": ["patient", "day"]})
    split = split_of(dataset)
    targets, labelled = encoded(dataset, split)
    assert dataset.targets["extra"].n_outputs == dataset.features.shape[1] == 4
    assert labelled.all()
    np.testing.assert_allclose(targets.T, prepare(dataset, split).features, atol=1e-6)


def test_removed_inputs_may_be_missing(study_of):
    """An input that serves better as an output need not be known when predictions are made."""
    derive = {"inputs": ["dose", "colour"], "remove": True}
    dataset = derived(study_of, derive, drop=(), data={"features": ["x", "colour"]})
    assert dataset.feature_names == ("x",)
    split = split_of(dataset)
    targets, labelled = encoded(dataset, split)
    dose = np.asarray(table()["dose"])
    known = ~np.isnan(dose)
    np.testing.assert_array_equal(labelled, known)
    train = split.train[known[split.train]]
    expected = (dose - dose[train].mean()) / dose[train].std()
    np.testing.assert_allclose(targets[0][known], expected[known], atol=1e-6)
    blue = (np.asarray(table()["colour"]) == "blue").astype(float)
    np.testing.assert_allclose(targets[1][known] > 0, blue[known] == 1)
    assert (targets[:, ~known] == 0).all()


def test_quantiles_come_from_the_training_rows(study_of):
    """Edges drawn over all rows would tell training where the test rows lie."""
    dataset = derived(study_of, {"quantise": "y", "bins": 4}, drop=("dose", "colour"))
    split = split_of(dataset)
    targets, labelled = encoded(dataset, split)
    y = np.asarray(table()["y"])
    edges = np.quantile(y[split.train], [0.25, 0.5, 0.75])
    np.testing.assert_array_equal(targets, np.digitize(y, edges) == np.arange(4)[:, None])
    assert labelled.all()
    counts = targets[:, split.train].sum(axis=1)
    assert np.ptp(counts) <= 1


def test_other_rows_leave_no_trace_in_the_edges(study_of):
    """What the test rows look like must not decide what training learns."""
    columns = {name: values for name, values in table().items() if name in ("x", "y")}
    study = study_of(y="regression", extra={"role": "auxiliary", "derive": {"quantise": "y"}})
    dataset = dataset_from_table(columns, study)
    split = split_of(dataset)
    changed = np.asarray(columns["y"]).copy()
    changed[np.concatenate([split.validation, split.test])] += 1e3
    other = dataset_from_table({**columns, "y": changed}, study)
    before, after = (encoded(d, split)[0][:, split.train] for d in (dataset, other))
    np.testing.assert_array_equal(before, after)


def test_soft_labels_sum_to_one_and_prefer_near_classes():
    """A cross entropy with shares that do not sum to 1 would weigh rows unequally."""
    shares = Quantiles(3, smooth=1.0)(np.array([0.0, 1.0, 2.0, np.nan]), np.arange(3))
    weights = np.exp([0.0, -0.5, -2.0])
    np.testing.assert_allclose(shares[0], weights / weights.sum())
    np.testing.assert_allclose(shares[:3].sum(axis=1), 1.0)
    assert np.isnan(shares[3]).all()


def test_the_row_ahead_stays_within_its_group_and_order(study_of):
    """A label from another patient, or from the day before, would teach nonsense."""
    derive = {"ahead": "x", "steps": 2, "by": "patient", "order": "day"}
    dataset = derived(study_of, derive, drop=("dose", "colour"), kind="regression")
    assert dataset.feature_names == ("x",)
    columns, target = table(), dataset.targets["extra"]
    x, patient, day = (np.asarray(columns[name]) for name in ("x", "patient", "day"))
    for row in range(N):
        later = np.flatnonzero((patient == patient[row]) & (day == day[row] + 2))
        if len(later):
            assert target.values[row] == x[later[0]]
        else:
            assert np.isnan(target.values[row])


def test_a_label_from_a_row_of_another_part_is_left_out(study_of):
    """The next value of a training row may be a test row's own target."""
    derive = {"ahead": "y", "steps": 1}
    dataset = derived(study_of, derive, drop=("dose", "colour", "patient", "day"), kind="regression")
    split = split_of(dataset)
    targets, labelled = encoded(dataset, split)
    part = np.zeros(N, dtype=int)
    for number, rows in enumerate((split.train, split.validation, split.test)):
        part[rows] = number
    expected = np.append(part[:-1] == part[1:], False)
    np.testing.assert_array_equal(labelled, expected)
    y, shown = np.asarray(table()["y"]), np.flatnonzero(expected)
    own = shown[part[shown] == 0]
    values = y[own + 1]
    np.testing.assert_allclose(targets[0][own], (values - values.mean()) / values.std(), atol=1e-6)


def test_rows_that_are_not_trained_on_lend_no_labels(study_of):
    """With little training data, the rest must not come in by the back door."""
    dataset = derived(study_of, {"ahead": "y"}, drop=("dose", "colour", "patient", "day"), kind="regression")
    split = split_of(dataset, train_fraction=0.5)
    _, labelled = encoded(dataset, split)
    inside = np.isin(np.arange(N), split.train)
    assert not (labelled[inside] & ~np.append(inside[1:], False)[inside]).any()


def test_rows_ahead_of_equal_times_follow_the_table():
    """The same table must give the same labels, whatever the sort does with ties."""
    assert rows_ahead(np.zeros(3, dtype=np.int64), np.zeros(3), steps=1).tolist() == [1, 2, -1]


def test_an_auxiliary_task_moves_no_row(study_of):
    """Baselines with and without an auxiliary task must be of the same rows."""
    columns = {"x": table()["x"], "c": np.arange(N) % 2, "d": np.arange(N) % 3}
    without = dataset_from_table(columns, study_of(c="binary", data={"exclude": ["d"]}))
    beside = {"kind": "multiclass", "role": "auxiliary"}
    split, other = (
        split_of(d) for d in (without, dataset_from_table(columns, study_of(c="binary", d=beside)))
    )
    np.testing.assert_array_equal(split.train, other.train)
    np.testing.assert_array_equal(split.test, other.test)


def test_what_decides_a_derived_label_is_in_the_fingerprint(study_of):
    """Two orders of the same rows may take the same values from other rows, which a split may part."""
    columns = {"x": table()["x"], "y": np.arange(N) % 2.0, "t": np.arange(N)}
    study = study_of(
        y="regression",
        extra={"kind": "regression", "role": "auxiliary", "derive": {"ahead": "y", "steps": 2, "order": "t"}},
    )
    other = {**columns, "t": np.concatenate([np.arange(2, N), [0, 1]])}
    prints = [dataset_from_table(c, study).fingerprint for c in (columns, other)]
    assert prints[0] != prints[1]


BAD = {
    "an unknown input": ({"inputs": ["nowhere"]}, {}, "tasks[1].derive.inputs[0] 'nowhere' is no column"),
    "a target as input": ({"inputs": ["y"]}, {}, "is the target of task 'y'"),
    "an input twice": ({"inputs": ["x", "x"]}, {}, "listed twice"),
    "a column of dates": ({"inputs": ["when"]}, {}, "holds datetime64"),
    "too many bins": ({"quantise": "y", "bins": 99}, {}, "derive.bins is 99, but column 'y' has 60 distinct"),
    "an unknown column ahead": ({"ahead": "later"}, {"kind": "regression"}, "tasks[1].derive.ahead 'later'"),
    "too many steps": (
        {"ahead": "x", "steps": 6, "by": "patient"},
        {"kind": "regression"},
        "tasks[1].derive.steps is 6, but no group has more rows than that",
    ),
    "an order of words": (
        {"ahead": "x", "order": "colour"},
        {"kind": "regression"},
        "derive.order 'colour' holds 'red'",
    ),
    "text ahead": ({"ahead": "colour"}, {"kind": "regression"}, "needs numbers"),
}


@pytest.mark.parametrize("name", BAD)
def test_what_does_not_suit_is_refused_by_name(study_of, name):
    """A wrong column is found before anything is trained, by the key that names it."""
    derive, settings, message = BAD[name]
    columns = {**table(), "when": np.arange(N).astype("datetime64[D]")}
    del columns["dose"]
    task = {"role": "auxiliary", "derive": derive, **settings}
    study = study_of(y="regression", extra=task, data={"features": ["x"]})
    with pytest.raises(InputError) as caught:
        dataset_from_table(columns, study)
    assert message in str(caught.value)


def test_a_split_that_leaves_no_label_is_refused(study_of):
    """A task without labels would ride along and teach nothing."""
    dataset = derived(
        study_of, {"ahead": "y", "steps": 59}, drop=("dose", "colour", "patient", "day"), kind="regression"
    )
    with pytest.raises(InputError, match="task 'extra' has no labelled training rows"):
        require_learnable(dataset, split_of(dataset))
