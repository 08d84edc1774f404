"""What a gain is measured in: a share of the baseline's error, or the score's own units.

Studies trained here have gains as shares. A trainer of the user's returns scores of unknown range, whose
gains may be plain differences; to write these as percentages would mislead.
"""

from __future__ import annotations

from dataclasses import dataclass

from taskgroup.reporting.words import UNKNOWN, difference, is_known, percent
from taskgroup.spec import Study


@dataclass(frozen=True)
class GainUnit:
    """How gains are written and explained.

    Attributes:
        relative: Whether gains are shares, written as percentages, or else differences.
        meaning: What a gain over a baseline is, in a sentence.
        tick_format: The same as `text` for plotly's axes.
    """

    relative: bool
    meaning: str
    tick_format: str

    def text(self, gain: float | None) -> str:
        """Write a gain with its sign."""
        return percent(gain) if self.relative else difference(gain)

    def interval(self, low: float | None, high: float | None) -> str:
        """Write an interval's two ends.

        >>> SHARE_OF_ERROR.interval(-0.012, 0.034)
        '−1.2% to +3.4%'
        """
        if not (is_known(low) and is_known(high)):
            return UNKNOWN
        return f"{self.text(low)} to {self.text(high)}"


SHARE_OF_ERROR = GainUnit(
    relative=True,
    meaning="A gain is the share of the baseline's error that goes away.",
    tick_format="+.2~%",
)
_UNITS = {
    "error": SHARE_OF_ERROR,
    "size": GainUnit(
        relative=True,
        meaning="A gain is the improvement of the score, relative to the size of the baseline's score.",
        tick_format="+.2~%",
    ),
    "difference": GainUnit(
        relative=False,
        meaning="A gain is the improvement of the score over the baseline's, in the score's own units.",
        tick_format="+.3~g",
    ),
}


def gain_unit(study: Study) -> GainUnit:
    """The unit that a study's gains are in, which all of its tasks share."""
    return _UNITS[study.main_tasks[0].score.gain_scale]
