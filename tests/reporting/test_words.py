"""Numbers in words: a wrong sign or a hidden unknown would mislead every reader of the report."""

from __future__ import annotations

import math

import pytest

from taskgroup.reporting import words
from taskgroup.reporting.gain_unit import SHARE_OF_ERROR


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (0.0, "0.0%"),
        (-0.00004, "0.0%"),
        (0.0994, "+9.9%"),
        (0.0996, "+10%"),
        (-35.2, "−3,520%"),
        (math.nan, "–"),
        (math.inf, "–"),
        (None, "–"),
    ],
)
def test_percentages_carry_their_sign(value: float | None, written: str) -> None:
    assert words.percent(value) == written


@pytest.mark.parametrize("ends", [(0.01, None), (math.nan, 0.02)])
def test_an_interval_with_an_unknown_end_is_unknown(ends: tuple[float | None, float | None]) -> None:
    assert SHARE_OF_ERROR.interval(*ends) == "–"


@pytest.mark.parametrize(
    ("seconds", "written"),
    [(9.96, "10 s"), (59.6, "1 min 0 s"), (3599.0, "59 min 59 s"), (3600.0, "1 h 0 min")],
)
def test_durations_roll_over_to_the_next_unit(seconds: float, written: str) -> None:
    assert words.duration(seconds) == written
