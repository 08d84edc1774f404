"""Narrower networks: matched baselines must cost what they are said to, and keep old run keys alive."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskgroup.errors import InputError
from taskgroup.spec import RunSpec, Sharing, encoder_products, matched_capacity, scaled_widths

widths = st.lists(st.integers(1, 128), min_size=1, max_size=3)


def test_full_capacity_is_not_in_the_key_and_any_other_is():
    """Records made before capacities could be chosen must still be found, and never be taken for others."""
    spec = RunSpec(("a",), Sharing("hard", 1), "equal", 0.01, 0.01, 0)
    assert replace(spec, capacity=1.0).key("c") == spec.key("c")
    assert len({replace(spec, capacity=c).key("c") for c in (1.0, 0.5, 0.25)}) == 3


@given(widths, st.floats(0.01, 1.0))
def test_no_layer_vanishes_or_grows(full, capacity):
    scaled = scaled_widths(full, capacity)
    assert all(1 <= narrow <= wide for narrow, wide in zip(scaled, full, strict=True))
    assert scaled_widths(full, 1.0) == tuple(full)


@given(st.integers(1, 128), st.integers(1, 128))
def test_rounding_never_adds_a_unit(width, units):
    assert scaled_widths([width], min(units, width) / width) == (min(units, width),)


@given(st.integers(1, 64), widths, st.integers(2, 8))
def test_no_other_capacity_costs_nearer_to_what_was_asked(n_inputs, full, n_tasks):
    def miss(capacity: float) -> float:
        cost = encoder_products(n_inputs, scaled_widths(full, capacity))
        return abs(cost / encoder_products(n_inputs, full) - 1 / n_tasks)

    found = matched_capacity(n_inputs, full, cost=1 / n_tasks)
    assert miss(found) <= min(miss(units / max(full)) for units in range(1, max(full) + 1)) + 1e-12


def test_two_matched_networks_cost_as_much_as_one_full_network():
    capacity = matched_capacity(32, [64, 64], cost=1 / 2)
    cost = encoder_products(32, scaled_widths([64, 64], capacity))
    assert 2 * cost == pytest.approx(encoder_products(32, [64, 64]), rel=0.03)


@pytest.mark.parametrize("capacity", [0.0, -0.5, 1.5])
def test_impossible_capacities_are_refused(capacity):
    with pytest.raises(InputError, match="capacity is"):
        scaled_widths([8], capacity)


def test_impossible_costs_are_refused():
    with pytest.raises(InputError, match="cost is 0"):
        matched_capacity(4, [8], cost=0.0)
