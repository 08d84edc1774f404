"""What may be claimed for the recommendation against each baseline."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from taskgroup.grouping import Grouping
from taskgroup.reporting.words import is_known

Standing = Literal["better", "worse", "unclear", "provisional", "unmeasured"]


@dataclass(frozen=True)
class Claim:
    """The recommendation's advantage over one baseline.

    Attributes:
        baseline: `single_task` or `all_in_one`.
        gain: The mean advantage, as a share of the single-task error.
        low: Lower end of its 95% interval.
        high: Upper end of its 95% interval.
        standing: `better` or `worse` only where the interval of a confirmed grouping excludes zero,
            else `unclear`; `provisional` before confirmation.
    """

    baseline: str
    gain: float | None
    low: float | None
    high: float | None
    standing: Standing


def claims(grouping: Grouping) -> tuple[Claim, ...]:
    """The claims against single-task networks and against one network for all tasks."""
    return tuple(_claim(grouping, baseline) for baseline in ("single_task", "all_in_one"))


def _claim(grouping: Grouping, baseline: str) -> Claim:
    values = grouping.versus.get(baseline)
    if values is None and baseline == "single_task":
        values = {"gain": grouping.gain, "low": grouping.low, "high": grouping.high}
    gain, low, high = ((values or {}).get(key) for key in ("gain", "low", "high"))
    standing = _standing(gain, low, high, confirmed=grouping.confirmed)
    return Claim(baseline, gain, low, high, standing)


def _standing(gain: float | None, low: float | None, high: float | None, *, confirmed: bool) -> Standing:
    if not is_known(gain):
        return "unmeasured"
    if not confirmed:
        return "provisional"
    if low is not None and low > 0:
        return "better"
    if high is not None and high < 0:
        return "worse"
    return "unclear"
