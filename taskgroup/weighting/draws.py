"""Random numbers for each step: pure functions of the step, drawn for many steps at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import final

import numpy as np

STEPS_AT_ONCE = 64  # a generator takes as long to make as thousands of its numbers


@final
class StepDraws:
    """The random numbers of the current step.

    Args:
        draw: Gives those of a block of `STEPS_AT_ONCE` steps, [STEPS_AT_ONCE, ...], from its number.
    """

    def __init__(self, draw: Callable[[int], np.ndarray]) -> None:
        self._draw = draw
        self._block, self._drawn = -1, np.empty(0)

    def at(self, step: int) -> np.ndarray:
        """The numbers of a step, [...]."""
        block, place = divmod(step, STEPS_AT_ONCE)
        if block != self._block:
            self._block, self._drawn = block, self._draw(block)
        drawn: np.ndarray = self._drawn[place]
        return drawn
