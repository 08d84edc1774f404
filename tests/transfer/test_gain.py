"""The signed gain: every table and every recommendation is made of it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskgroup.spec import ERROR_FLOOR
from taskgroup.transfer import relative_gain

errors = st.floats(ERROR_FLOOR, 1e6)


@given(errors, errors)
def test_positive_helps(single, subset):
    gain, floored = relative_gain(single, subset)
    assert np.sign(gain) == np.sign(single - subset)
    assert not floored


def test_a_gain_is_the_share_of_the_error_that_went_away():
    gain, _ = relative_gain([0.4, 0.4, 0.4], [0.2, 0.4, 0.6])
    assert gain.tolist() == pytest.approx([0.5, 0.0, -0.5])


@given(errors, errors, st.floats(1.0, 1e3))
def test_units_do_not_matter(single, subset, factor):
    """A target in grams or kilograms must show the same gain."""
    gain, _ = relative_gain(single, subset)
    scaled, _ = relative_gain(single * factor, subset * factor)
    assert scaled == pytest.approx(gain)


def test_almost_perfect_baselines_are_floored_and_marked():
    """Relative to almost nothing any change is huge; the report says where that was prevented."""
    gain, floored = relative_gain([0.0, 0.001, ERROR_FLOOR], [0.01, 0.0, 0.0])
    assert gain.tolist() == pytest.approx([-1.0, 0.1, 1.0])
    assert floored.tolist() == [True, True, False]


def test_scores_of_unknown_range_may_be_negative_or_zero():
    """Errors of such scores are their negatives: from -2 to -1 is a gain of half the score's size."""
    gain, floored = relative_gain([2.0, -4.0, 0.0], [1.0, -5.0, 0.0], scale="size")
    assert gain[:2].tolist() == pytest.approx([0.5, 0.25])
    assert floored.tolist() == [False, False, True]


def test_differences_are_not_divided_by_anything():
    gain, floored = relative_gain([2.0, 0.0], [1.5, 1.0], scale="difference")
    assert gain.tolist() == [0.5, -1.0]
    assert not floored.any()


def test_what_is_missing_stays_missing():
    assert np.isnan(relative_gain([np.nan, 0.5], [0.5, np.nan])[0]).all()
