"""Is a network needed: linear models of all tasks beside the networks."""

from __future__ import annotations

import pandas as pd

from taskgroup.reporting.gain_unit import SHARE_OF_ERROR
from taskgroup.reporting.page.markup import Html, join, paragraph, section, table, unordered
from taskgroup.reporting.words import UNKNOWN, phrase
from taskgroup.search import Outcome

_TITLE, _KEY = "Is a network needed?", "linear"
_GAIN, _OVER_RIDGE = "gain over single-task networks", "gain over ridge alone"
_MEANING = (
    "Of each linear model at most twelve settings were tried, on the validation rows of each seed. Gains are "
    "means over the tasks by importance, on test rows at the fresh seeds of the networks; intervals are 95% "
    "over seeds. The best is the one that did best on validation rows. Ridge alone knows one task at a time: "
    "what the others gain over it is what tasks tell a linear model about each other."
)


def linear(outcome: Outcome) -> Html:
    """Each linear model against networks; nothing where none was asked for."""
    compared = outcome.linear
    if compared.skipped is not None:
        return section(_TITLE, paragraph(f"This was not looked into: {compared.skipped}."), key=_KEY)
    if compared.gains.empty:
        return join([])
    unused = [f"{phrase(name)}: {reason}" for name, reason in compared.unused.items()]
    return section(
        _TITLE,
        paragraph(compared.verdict, _better_tasks(outcome)),
        table(_written(compared.gains), numeric=(_GAIN, _OVER_RIDGE, "95% interval", "95% interval ")),
        paragraph(_MEANING, class_="prose small"),
        *([paragraph(_clusters(outcome))] if len(compared.clusters) > 1 else []),
        *([paragraph("Not used here:"), unordered(unused, class_="notes small")] if unused else []),
        key=_KEY,
    )


def _better_tasks(outcome: Outcome) -> str:
    tasks = outcome.linear.better_tasks
    if outcome.linear.standing == "better" or not tasks:
        return ""
    return f"For these tasks alone it is better: {', '.join(tasks)}."


def _written(gains: pd.DataFrame) -> pd.DataFrame:
    unit = SHARE_OF_ERROR
    alone = gains["method"] == "ridge_alone"
    return pd.DataFrame(
        {
            "linear model": [phrase(name) for name in gains["method"]],
            _GAIN: [unit.text(gain) for gain in gains["gain"]],
            "95% interval": _intervals(gains["low"], gains["high"]),
            _OVER_RIDGE: [
                UNKNOWN if is_alone else unit.text(gain)
                for gain, is_alone in zip(gains["over_ridge"], alone, strict=True)
            ],
            "95% interval ": [
                UNKNOWN if is_alone else text
                for text, is_alone in zip(
                    _intervals(gains["over_ridge_low"], gains["over_ridge_high"]), alone, strict=True
                )
            ],
        }
    )


def _intervals(low: pd.Series, high: pd.Series) -> list[str]:
    return [SHARE_OF_ERROR.interval(a, b) for a, b in zip(low, high, strict=True)]


def _clusters(outcome: Outcome) -> str:
    groups = "; ".join(", ".join(cluster) for cluster in outcome.linear.clusters)
    return (
        f"Tasks whose linear models are alike, by the clustered one at more than half of the seeds: "
        f"{groups}. Only tasks of one kind are compared; a hint, not a recommendation."
    )
