"""What may be claimed for the recommendation against each baseline."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from taskgroup.grouping import Grouping
from taskgroup.reporting.words import is_known

Standing = Literal["better", "worse", "unclear", "unrepeated", "provisional", "same", "unmeasured"]


@dataclass(frozen=True)
class Claim:
    """The recommendation's advantage over one baseline.

    Attributes:
        baseline: `single_task` or `all_in_one`.
        gain: The mean gain over that baseline.
        low: Lower end of its 95% interval.
        high: Upper end of its 95% interval.
        standing: `better` or `worse` only where the interval of a confirmed grouping excludes zero,
            else `unclear`, or `unrepeated` without an interval; `provisional` before confirmation;
            `same` where that baseline is what is recommended.
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
    if baseline == _baseline_like(grouping):
        return Claim(baseline, 0.0, None, None, "same")
    if not is_known(gain):
        return Claim(baseline, None, None, None, "unmeasured")
    return Claim(baseline, gain, low, high, _standing(low, high) if grouping.confirmed else "provisional")


def _baseline_like(grouping: Grouping) -> str | None:
    """The baseline that a grouping is identical with, if any."""
    if len(grouping.networks) == 1 and set(grouping.networks[0].serves) == set(grouping.networks[0].subset):
        return "all_in_one"
    return "single_task" if all(len(network.subset) == 1 for network in grouping.networks) else None


def _standing(low: float | None, high: float | None) -> Standing:
    if low is None or high is None or not (is_known(low) and is_known(high)):
        return "unrepeated"
    return "better" if low > 0 else "worse" if high < 0 else "unclear"
