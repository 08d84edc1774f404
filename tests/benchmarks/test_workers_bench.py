"""The figures that tell users whether more workers are worth their memory."""

from __future__ import annotations

import pytest
from planted import make_study

from benchmarks.workers import Batches, timed_batches


def test_two_workers_wait_for_each_other_at_the_end_of_a_batch():
    """By hand: 1 s outside of training; 3 s for one cohort; 2, 2 and 1 s on two workers take 3 s."""
    batches = Batches([[3.0], [2.0, 2.0, 1.0]], seconds=9.0)
    assert batches.with_workers(1) == pytest.approx(9.0)
    assert batches.with_workers(2) == pytest.approx(1.0 + 3.0 + 3.0)
    assert batches.training_share == pytest.approx(8 / 9)
    assert batches.lone_share == pytest.approx(3 / 8)


def test_every_cohort_of_a_search_is_timed(tmp_path):
    batches = timed_batches(make_study(tmp_path, training={"epochs": 2}))
    assert all(batches.cohorts)
    assert 0 < batches.training_share < 1
