import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from taskgroup.data.repeats import find_repeats
from taskgroup.data.strata import MIN_STRATUM_ROWS, stratify

columns = st.integers(10, 80).flatmap(
    lambda n: st.lists(
        st.lists(st.sampled_from([0.0, 1.0, 2.0, np.nan]), min_size=n, max_size=n).filter(
            lambda column: not np.isnan(column).all()
        ),
        min_size=1,
        max_size=5,
    ).map(np.array)
)


@given(columns)
def test_no_stratum_is_too_small(columns):
    """Strata of one row would make the splits of two seeds nearly the same."""
    strata = stratify(list(columns), n_rows=columns.shape[1])
    assert (np.bincount(strata) >= MIN_STRATUM_ROWS).all()


@given(columns, st.randoms(use_true_random=False))
def test_strata_follow_the_rows_however_they_are_ordered(columns, random):
    order = np.array(random.sample(range(columns.shape[1]), columns.shape[1]))
    strata = stratify(list(columns), n_rows=len(order))
    np.testing.assert_array_equal(stratify(list(columns[:, order]), n_rows=len(order)), strata[order])


def test_missing_labels_are_a_level_and_small_levels_are_pooled():
    column = np.array([0.0] * 20 + [1.0] * 3 + [2.0] * 3 + [np.nan] * 6)
    strata = stratify([column], n_rows=32)
    assert [sorted(set(strata[rows])) for rows in (slice(20), slice(20, 26), slice(26, 32))] == [
        [0],
        [2],
        [1],
    ]


def test_a_pool_too_small_joins_the_largest_level():
    column = np.array([0.0] * 6 + [1.0] * 20 + [2.0] * 2)
    strata = stratify([column], n_rows=28)
    assert strata[-1] == strata[6] != strata[0]


def test_the_rarest_class_comes_first():
    """Later columns divide what is left, so the task that needs its positives most must lead."""
    common, rare = np.arange(40) % 2, np.arange(40) % 8 == 0
    strata = stratify([common.astype(float), rare.astype(float)], n_rows=40)
    assert set(strata[rare]).isdisjoint(strata[~rare])


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2)), min_size=1, max_size=40))
def test_repeats_are_the_rows_that_are_equal(rows):
    features = np.array(rows, dtype=np.float32)
    repeats = find_repeats(features)
    equal = (features[:, None] == features[None]).all(axis=2)
    np.testing.assert_array_equal(repeats.group[:, None] == repeats.group[None], equal)
    assert repeats.n_repeated_rows == (equal.sum(axis=1) > 1).sum()
    np.testing.assert_array_equal(repeats.group[repeats.first], np.arange(len(repeats.first)))


def test_negative_zero_equals_zero():
    assert find_repeats(np.array([[0.0], [-0.0]], dtype=np.float32)).sizes.tolist() == [2]
