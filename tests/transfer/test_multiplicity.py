"""False discovery control: among hundreds of cells some are small by chance alone."""

from __future__ import annotations

import math

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from taskgroup.transfer import q_values

p_values = st.lists(st.floats(0, 1) | st.just(math.nan), max_size=30)


def step_up(p: list[float]) -> list[float]:
    """Benjamini and Hochberg 1995 by definition: the least m p(i) / i over all i from one's own rank up."""
    tested = sorted(value for value in p if not math.isnan(value))
    m = len(tested)
    return [
        math.nan
        if math.isnan(own)
        else min(1.0, *(m * value / (i + 1) for i, value in enumerate(tested) if value >= own))
        for own in p
    ]


@given(p_values)
def test_q_values_are_those_of_the_definition(p):
    np.testing.assert_allclose(q_values(p), step_up(p), rtol=1e-12)


@given(p_values, st.randoms(use_true_random=False))
def test_order_does_not_matter(p, random):
    order = list(range(len(p)))
    random.shuffle(order)
    np.testing.assert_array_equal(q_values([p[i] for i in order]), q_values(p)[order])


def test_nothing_to_test_is_no_error():
    assert q_values([]).tolist() == []
    assert np.isnan(q_values([math.nan, math.nan])).all()
