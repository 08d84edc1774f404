"""Narrower networks: how wide they are, and how narrow one must be to cost a given share of the full one.

A joint network serves several tasks for the cost of one. Single-task networks of full size then have more
units in all, and part of what a comparison with them shows is size, not transfer. Capacity-matched single
networks together cost as much as the joint one; against them more task combinations help.

Reference:
    Standley 2020, sec. 4: single-task networks of half the size against networks of two tasks.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence

from taskgroup.errors import InputError
from taskgroup.spec.model import InputShape, ModelSpec, block_products

_ROUNDING = 1e-9  # a third of 66 units is 22, whatever the last bit says


def scaled_widths(widths: Sequence[int], capacity: float) -> tuple[int, ...]:
    """Widths of a network of some share of the full one's units, rounded up.

    Args:
        widths: Units of each hidden layer of the full network.
        capacity: The share, in (0, 1].

    Raises:
        InputError: If the share is out of range.

    >>> scaled_widths([64, 33], 0.5)
    (32, 17)
    """
    if not 0 < capacity <= 1:
        raise InputError(f"capacity is {capacity:g}; a share of the hidden units is above 0 and at most 1")
    return tuple(max(1, math.ceil(capacity * width - _ROUNDING)) for width in widths)


def encoder_products(n_inputs: int, widths: Sequence[int]) -> int:
    """Multiply-adds of one row in the hidden layers; heads are not counted."""
    return sum(a * b for a, b in itertools.pairwise([n_inputs, *widths]))


def matched_capacity(n_inputs: int, widths: Sequence[int], *, cost: float) -> float:
    """The capacity at which a network costs nearest to a share of the full one; the smaller of two as near.

    Halving every width takes more than half of the cost away, as the layers between hidden units shrink on
    both sides. So it is not the share itself.

    Args:
        n_inputs: Input features.
        widths: Units of each hidden layer of the full network.
        cost: The share of its multiply-adds, heads not counted: `serving_cost` of the joint network divided
            by its number of tasks, so that their single networks together cost as much as it does.

    Returns:
        A multiple of one unit of the widest layer, the same on every machine, as it goes into run keys.

    Raises:
        InputError: If the cost is not positive.

    >>> matched_capacity(10, [64, 64], cost=1.0)
    1.0
    >>> scaled_widths([64, 64], matched_capacity(10, [64, 64], cost=0.5))
    (44, 44)
    """
    return _capacity(lambda sizes: encoder_products(n_inputs, sizes), widths, cost)


def capacity_of_cost(model: ModelSpec, n_inputs: InputShape, *, cost: float) -> float:
    """`matched_capacity` for any encoder that ships.

    Args:
        model: The encoder and its widths.
        n_inputs: Input features, or the shape of an image or text.
        cost: As there.

    Raises:
        InputError: If the cost is not positive.
    """

    def products(widths: Sequence[int]) -> float:
        return sum(block_products(model.model_copy(update={"widths": list(widths)}), n_inputs))

    return _capacity(products, model.widths, cost)


def _capacity(products: Callable[[Sequence[int]], float], widths: Sequence[int], cost: float) -> float:
    if not cost > 0:
        raise InputError(f"cost is {cost:g}; a share of the full network's cost is above 0")
    widest, full = max(widths), products(widths)

    def miss(units: int) -> float:
        return abs(products(scaled_widths(widths, units / widest)) / full - cost)

    return min(range(1, widest + 1), key=miss) / widest
