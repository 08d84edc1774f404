"""Initial weights: everything that is compared must start from the same place."""

from __future__ import annotations

import numpy as np
import pytest

from taskgroup.models import initial_block, initial_head


def test_weights_depend_on_seed_place_and_task_alone():
    weight, bias = initial_block(0, 1, 4, 3)
    np.testing.assert_array_equal(initial_block(0, 1, 4, 3)[0], weight)
    assert weight.shape == (3, 4)
    assert bias.shape == (3,)
    for other in [initial_block(1, 1, 4, 3), initial_block(0, 2, 4, 3), initial_head(0, "a", 4, 3)]:
        assert not np.array_equal(other[0], weight)
    assert not np.array_equal(initial_head(0, "a", 4, 3)[0], initial_head(0, "b", 4, 3)[0])


def test_weights_are_uniform_within_one_over_root_inputs():
    weight, bias = initial_block(0, 0, 100, 1000)
    everything = np.concatenate([weight.ravel(), bias])
    assert np.abs(everything).max() <= 0.1
    assert abs(everything.mean()) < 0.001
    assert everything.std() == pytest.approx(0.1 / 3**0.5, rel=0.01)
