"""A share with its interval."""

from __future__ import annotations

from collections.abc import Iterable

from scipy import stats


def share(hits: Iterable[bool]) -> dict[str, float]:
    """Share of the hits with Wilson's 95% interval; `n` is how many there were."""
    found = [bool(hit) for hit in hits]
    if not found:
        return {"share": float("nan"), "low": float("nan"), "high": float("nan"), "n": 0}
    interval = stats.binomtest(sum(found), len(found)).proportion_ci(method="wilson")
    return {
        "share": sum(found) / len(found),
        "low": float(interval.low),
        "high": float(interval.high),
        "n": len(found),
    }


def in_words(found: dict[str, float]) -> str:
    """As `3.5% [2.1%, 5.8%]`."""
    if not found["n"]:
        return "none"
    return f"{found['share']:.1%} [{found['low']:.1%}, {found['high']:.1%}]"
