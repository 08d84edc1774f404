"""Numbers as a reader sees them: signed percentages, intervals, durations, correlations in words."""

from __future__ import annotations

import math

MINUS = "\N{MINUS SIGN}"
UNKNOWN = "\N{EN DASH}"

BASELINES = {
    "single_task": "single-task networks",
    "single_task_matched": "capacity-matched single-task networks",
    "all_in_one": "one network for all tasks",
    "recommended": "the recommended networks",
}


def is_known(value: float | None) -> bool:
    """Whether a statistic was measured: neither None nor NaN nor infinite."""
    return value is not None and math.isfinite(value)


def percent(value: float | None) -> str:
    """Write a gain as a signed percentage, one decimal below 10%.

    >>> percent(0.0312), percent(-0.254), percent(0.0001), percent(None)
    ('+3.1%', '−25%', '0.0%', '–')
    """
    if value is None or not is_known(value):
        return UNKNOWN
    size = abs(100 * value)
    digits = f"{size:.1f}" if size < 9.95 else f"{size:,.0f}"
    sign = "" if float(digits.replace(",", "")) == 0 else "+" if value > 0 else MINUS
    return f"{sign}{digits}%"


def difference(value: float | None) -> str:
    """Write a gain in a score's own units, three digits with a sign.

    >>> difference(0.01234), difference(-4.0), difference(0.0), difference(None)
    ('+0.0123', '−4', '0', '–')
    """
    if value is None or not is_known(value):
        return UNKNOWN
    sign = "" if value == 0 else "+" if value > 0 else MINUS
    return f"{sign}{abs(value):.3g}"


def share(value: float | None) -> str:
    """Write a part of a whole as an unsigned percentage.

    >>> share(0.413), share(0.004), share(None)
    ('41%', '<1%', '–')
    """
    if value is None or not is_known(value):
        return UNKNOWN
    return "<1%" if 0 < value < 0.005 else f"{100 * value:.0f}%"


def probability(value: float | None) -> str:
    """Write a p- or q-value, small ones as a bound.

    >>> probability(0.0312), probability(0.00004), probability(float("nan"))
    ('0.031', '<0.001', '–')
    """
    if value is None or not is_known(value):
        return UNKNOWN
    return "<0.001" if value < 0.001 else f"{value:.3f}" if value < 0.1 else f"{value:.2f}"


def duration(seconds: float | None) -> str:
    """Write a time span in the units that a clock would show.

    >>> duration(0.42), duration(83.4), duration(7380), duration(None)
    ('0.4 s', '1 min 23 s', '2 h 3 min', '–')
    """
    if seconds is None or not is_known(seconds):
        return UNKNOWN
    if 0 < seconds < 0.05:
        return "<0.1 s"
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    if round(seconds) < 60:
        return f"{seconds:.0f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s"
    return "{} h {} min".format(*divmod(round(seconds / 60), 60))


def count(number: int, noun: str) -> str:
    """Write a number with its noun.

    >>> count(1, "network"), count(1200, "run"), count(0, "task")
    ('1 network', '1,200 runs', '0 tasks')
    """
    return f"{number:,} {noun}" + ("" if number == 1 else "s")


def phrase(name: str) -> str:
    """Turn a name of ours, such as a stage or a setting, into words.

    >>> phrase("single_task"), phrase("larger_subsets")
    ('single task', 'larger subsets')
    """
    return name.replace("_", " ")


def baseline_phrase(name: str) -> str:
    """Say what a baseline is.

    >>> baseline_phrase("all_in_one")
    'one network for all tasks'
    """
    return BASELINES.get(name, phrase(name))


def correlation(value: float | None) -> str:
    """Write a correlation with its sign, two digits.

    >>> correlation(0.314), correlation(-0.2), correlation(0.001), correlation(None)
    ('+0.31', '−0.20', '0.00', '–')
    """
    if value is None or not is_known(value):
        return UNKNOWN
    size = f"{abs(value):.2f}"
    return size if float(size) == 0 else f"{'+' if value > 0 else MINUS}{size}"


def operations(number: float | None) -> str:
    """Write a number of floating-point operations in words.

    >>> operations(1.44e10), operations(1_700_000), operations(3e13), operations(None)
    ('14 billion', '1.7 million', '30 trillion', '–')
    """
    if number is None or not is_known(number):
        return UNKNOWN
    names = {1e12: "trillion", 1e9: "billion", 1e6: "million", 1e3: "thousand"}
    size, name = next(((s, n) for s, n in names.items() if number >= s), (1.0, ""))
    value = number / size
    return f"{value:.1f} {name}".strip() if value < 9.95 else f"{value:,.0f} {name}".strip()


def correlation_strength(correlation: float) -> str:
    """Say how far a rank correlation can be trusted, without overstating it.

    >>> correlation_strength(0.9), correlation_strength(-0.1), correlation_strength(-0.3)
    ('strong', 'next to none', 'negative')
    """
    if correlation < -0.2:
        return "negative"
    limits = {0.2: "next to none", 0.5: "weak", 0.8: "moderate"}
    return next((word for limit, word in limits.items() if correlation < limit), "strong")
