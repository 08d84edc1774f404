import numpy as np
import pytest

from taskgroup.data import independent_tasks, planted_groups
from taskgroup.errors import InputError

GROUPS = [["a", "b"], ["c", "d", "e"]]


def solved_weights(frame, tasks):
    x = frame.filter(regex=r"^x\d+$").to_numpy()
    return np.linalg.lstsq(x, frame[tasks].to_numpy(), rcond=None)[0].T


def test_weight_vectors_correlate_as_documented():
    """A search is judged by whether it finds these groups, so they must be there."""
    frame = planted_groups(groups=GROUPS, noise=0.0, within=0.8, n_rows=100)
    weights = solved_weights(frame, list("abcde"))
    related = np.kron(np.eye(2), np.ones((3, 3)))[1:, 1:].astype(bool)
    expected = np.where(np.eye(5), 1.0, np.where(related, 0.8, 0.0))
    np.testing.assert_allclose(weights @ weights.T, expected, atol=1e-12)


@pytest.mark.parametrize("conflict", [False, True])
def test_targets_have_the_documented_moments(conflict):
    frame = planted_groups(groups=GROUPS, noise=0.0, within=0.8, n_rows=40_000, conflict=conflict)
    targets = frame[list("abcde")]
    np.testing.assert_allclose(targets.mean(), 0, atol=0.03)
    np.testing.assert_allclose(targets.var(), 1, atol=0.08)
    correlation = targets.corr()
    assert correlation.loc["a", "b"] == pytest.approx(0.8, abs=0.03)
    assert correlation.loc["a", "c"] == pytest.approx(0.0, abs=0.03)


def test_conflict_hides_the_targets_from_linear_models():
    frame = planted_groups(groups=GROUPS, noise=0.0, n_rows=20_000, conflict=True)
    assert np.abs(solved_weights(frame, list("abcde"))).max() < 0.1


def test_noise_is_in_units_of_the_signal():
    quiet = planted_groups(groups=GROUPS, noise=0.0, n_rows=20_000)
    noisy = planted_groups(groups=GROUPS, noise=0.7, n_rows=20_000)
    assert (noisy["a"] - quiet["a"]).std() == pytest.approx(0.7, abs=0.02)
    assert (noisy["a"] - quiet["a"]).corr(noisy["b"] - quiet["b"]) == pytest.approx(0, abs=0.03)


def test_independent_tasks_need_one_feature_each_and_are_orthogonal():
    frame = independent_tasks(n_tasks=4, n_features=4, noise=0.0, n_rows=30)
    weights = solved_weights(frame, ["t0", "t1", "t2", "t3"])
    np.testing.assert_allclose(weights @ weights.T, np.eye(4), atol=1e-12)


def test_binary_tasks_threshold_the_same_targets():
    binary = planted_groups(groups=GROUPS, kind="binary", seed=4)
    numbers = planted_groups(groups=GROUPS, seed=4)
    np.testing.assert_array_equal(binary["a"], numbers["a"] > 0)


def test_every_task_may_have_a_kind_of_its_own():
    mixed = independent_tasks(n_tasks=3, kind=["binary", "regression", "binary"], seed=4)
    numbers = independent_tasks(n_tasks=3, seed=4)
    np.testing.assert_array_equal(mixed["t0"], numbers["t0"] > 0)
    np.testing.assert_array_equal(mixed["t1"], numbers["t1"])
    assert mixed["t2"].isin([0, 1]).all()


def test_the_seed_decides_everything():
    first, again, other = (planted_groups(groups=GROUPS, seed=seed) for seed in (1, 1, 2))
    assert first.equals(again)
    assert not np.allclose(first, other)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"groups": [["a"], ["a"]]}, "distinct names"),
        ({"groups": []}, "distinct names"),
        ({"groups": [["x0", "b"]]}, "x0"),
        ({"within": 1.5}, "within is 1.5"),
        ({"noise": -1.0}, "noise is -1.0"),
        ({"n_rows": 0}, "n_rows is 0"),
        ({"kind": ["binary"]}, "each of the 5"),
        ({"kind": "ordinal"}, "kind is 'ordinal'"),
        ({"n_features": 6}, "n_features is 6.*at least 7"),
        ({"n_features": 8, "conflict": True}, "n_features is 8.*at least 9"),
    ],
)
def test_what_cannot_be_planted_is_refused(options, words):
    with pytest.raises(InputError, match=words):
        planted_groups(**({"groups": GROUPS} | options))
