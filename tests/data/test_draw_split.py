import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from taskgroup.data import dataset_from_table, draw_split
from taskgroup.errors import InputError
from taskgroup.spec import SplitSpec

fractions = st.floats(0.1, 0.4)
seeds = st.integers(0, 50)


@pytest.fixture(scope="session")
def rows_of(study_of):
    """A data set with a rare binary, a three-class, a partly missing binary and a regression task."""

    def make(n, *, copies=(), seed=0):
        rng = np.random.default_rng(seed)
        x = rng.normal(size=(n, 3))
        for start, length in copies:
            x[start : start + length] = x[start]
        half = np.where(rng.random(n) < 0.3, np.nan, rng.integers(0, 2, n))
        half[:2] = 0, 1
        table = {
            "x": x,
            "rare": np.arange(n) % 7 == 0,
            "three": np.arange(n) % 3,
            "half": half,
            "y": rng.random(n),
        }
        kinds = {"rare": "binary", "three": "multiclass", "half": "binary", "y": "regression"}
        return dataset_from_table(table, study_of(**kinds))

    return make


def parts(split):
    return split.train, split.validation, split.test


@given(n=st.integers(20, 200), test=fractions, validation=fractions, study_seed=seeds, seed=seeds)
@settings(deadline=None, max_examples=60)
def test_parts_are_disjoint_cover_all_rows_and_have_exact_sizes(
    rows_of, n, test, validation, study_seed, seed
):
    """A row in two parts inflates scores; a size that depends on the seed breaks cohorts."""
    split = draw_split(
        rows_of(n), SplitSpec(test=test, validation=validation), study_seed=study_seed, seed=seed
    )
    assert sorted(np.concatenate(parts(split))) == list(range(n))
    assert (len(split.test), len(split.validation)) == (round(test * n), round(validation * n))
    assert all(part.dtype == np.int64 and (np.diff(part) > 0).all() for part in parts(split))


@given(study_seed=seeds, seed=seeds, other=seeds)
@settings(deadline=None, max_examples=30)
def test_only_the_study_seed_decides_the_test_rows(rows_of, study_seed, seed, other):
    """If run seeds redrew the test rows, the search would have seen rows that the report is made on."""
    dataset = rows_of(100)
    first = draw_split(dataset, SplitSpec(), study_seed=study_seed, seed=seed)
    second = draw_split(dataset, SplitSpec(), study_seed=study_seed, seed=other)
    np.testing.assert_array_equal(first.test, second.test)
    assert np.array_equal(first.validation, second.validation) == (seed == other)
    again = draw_split(dataset, SplitSpec(), study_seed=study_seed, seed=seed)
    np.testing.assert_array_equal(first.train, again.train)


def test_the_study_seed_changes_the_test_rows(rows_of):
    dataset = rows_of(100)
    first, second = (draw_split(dataset, SplitSpec(), study_seed=s, seed=0).test for s in (0, 1))
    assert not np.array_equal(first, second)


@given(n=st.integers(60, 300), study_seed=seeds, seed=seeds)
@settings(deadline=None, max_examples=60)
def test_rare_classes_reach_every_part_in_proportion(rows_of, n, study_seed, seed):
    """Without positives in the validation rows a rare task has no AUC, and the run is lost."""
    dataset = rows_of(n)
    split = draw_split(dataset, SplitSpec(), study_seed=study_seed, seed=seed)
    rare = dataset.targets["rare"].values
    for part in parts(split):
        expected = rare.sum() * len(part) / n
        # Each of the (at most two) draws that make a part rounds once.
        assert abs(rare[part].sum() - expected) < 2.5


@given(n=st.integers(30, 300), seed=seeds)
@settings(deadline=None, max_examples=40)
def test_every_stratum_gives_the_test_rows_its_share(rows_of, n, seed):
    dataset = rows_of(n)
    test = draw_split(dataset, SplitSpec(), study_seed=seed, seed=0).test
    share = np.bincount(dataset.strata) * len(test) / n
    drawn = np.bincount(dataset.strata[test], minlength=len(share))
    assert (np.floor(share) <= drawn).all()
    assert (drawn <= np.ceil(share)).all()


def test_every_row_is_as_likely_as_any_other(rows_of):
    """Rounding that favours large strata would never test the rows of small ones."""
    dataset, n_draws = rows_of(40), 2000
    drawn = np.zeros(40)
    for study_seed in range(n_draws):
        drawn[draw_split(dataset, SplitSpec(), study_seed=study_seed, seed=0).test] += 1
    # Seven standard deviations of a binomial with probability 0.2.
    np.testing.assert_allclose(drawn / n_draws, 0.2, atol=7 * np.sqrt(0.16 / n_draws))


@given(fraction=st.floats(0.001, 0.999), seed=seeds)
@settings(deadline=None, max_examples=40)
def test_fewer_training_rows_leave_the_other_parts_alone(rows_of, fraction, seed):
    """Comparing little with much data needs the same validation and test rows."""
    dataset = rows_of(150)
    full = draw_split(dataset, SplitSpec(), study_seed=0, seed=seed)
    few = draw_split(dataset, SplitSpec(train_fraction=fraction), study_seed=0, seed=seed)
    np.testing.assert_array_equal(full.validation, few.validation)
    np.testing.assert_array_equal(full.test, few.test)
    assert set(few.train) <= set(full.train)
    assert len(few.train) == max(1, round(fraction * len(full.train)))


copies = st.lists(st.tuples(st.integers(0, 70), st.integers(2, 12)), max_size=6)


@given(copies=copies, seed=seeds)
@settings(deadline=None, max_examples=80)
def test_copies_of_a_row_stay_in_one_part(rows_of, copies, seed):
    """A memorised training row must not answer for its copy in the validation or test rows."""
    dataset = rows_of(80, copies=copies)
    split = draw_split(dataset, SplitSpec(), study_seed=seed, seed=seed)
    groups = [set(map(bytes, dataset.features[part])) for part in parts(split)]
    assert len(set.union(*groups)) == sum(map(len, groups))
    assert sorted(np.concatenate(parts(split))) == list(range(80))
    other = draw_split(dataset, SplitSpec(), study_seed=seed, seed=seed + 1)
    assert [len(part) for part in parts(split)] == [len(part) for part in parts(other)]
    if dataset.repeats.n_repeated_rows < 16:  # then every group fits into every part
        assert [len(part) for part in parts(split)] == [48, 16, 16]


def test_sizes_come_as_near_as_groups_allow(study_of):
    x = np.repeat(np.arange(12.0), 5)
    table = {"x": x, "a": np.arange(60) % 2, "b": np.arange(60.0)}
    dataset = dataset_from_table(table, study_of(a="binary", b="regression"))
    split = draw_split(dataset, SplitSpec(), study_seed=0, seed=0)
    assert [len(part) for part in parts(split)] == [35, 10, 15]  # 36, 12 and 12 wanted, groups of 5


def test_too_few_distinct_rows_are_refused(study_of):
    x = np.repeat([0.0, 1.0], 10)
    dataset = dataset_from_table(
        {"x": x, "a": np.arange(20) % 2, "b": np.arange(20.0)}, study_of(a="binary", b="regression")
    )
    with pytest.raises(InputError, match=r"no \w+ rows.*only 2 rows are distinct"):
        draw_split(dataset, SplitSpec(), study_seed=0, seed=0)


def test_a_split_without_training_rows_is_refused(rows_of):
    with pytest.raises(InputError, match=r"no training rows of 20 .*data\.split\.test"):
        draw_split(rows_of(20), SplitSpec(test=0.5, validation=0.49), study_seed=0, seed=0)


def test_regression_only_studies_are_divided_at_random(study_of):
    rng = np.random.default_rng(0)
    table = {"x": rng.normal(size=50), "a": rng.normal(size=50), "b": rng.normal(size=50)}
    dataset = dataset_from_table(table, study_of(a="regression", b="regression"))
    assert not dataset.strata.any()
    split = draw_split(dataset, SplitSpec(), study_seed=0, seed=0)
    assert [len(part) for part in parts(split)] == [30, 10, 10]
