"""Whether gains of pairs can be trusted for larger subsets, in words and as a scatter."""

from __future__ import annotations

import math

import pandas as pd

from taskgroup.reporting.figures import reliability_figure
from taskgroup.reporting.gain_unit import gain_unit
from taskgroup.reporting.page.markup import Html, paragraph, picture, section
from taskgroup.reporting.tables import reliability_table
from taskgroup.reporting.words import MINUS, correlation_strength, count, is_known
from taskgroup.search import Outcome

_TITLE = "How far pairs predict larger groups"
_ADVICE = {
    "strong": "Pairs order the larger subsets well here.",
    "moderate": "Pairs are a fair guide to larger subsets here, not a substitute for measuring them.",
    "weak": "Pairs say little about larger subsets here; trust what was measured in full.",
    "next to none": "Pairs say nothing about larger subsets here; trust what was measured in full.",
    "negative": "Pairs point the wrong way here; trust only what was measured in full.",
}


def reliability(outcome: Outcome) -> Html:
    """Predicted against measured gains of larger subsets."""
    table = reliability_table(outcome)
    meaning = (
        "The gain of a larger subset can be predicted as the mean of the gains of its pairs, at no cost. "
        "How far that holds differs between data sets."
    )
    parts = [paragraph(meaning, _in_words(outcome.rank_correlation, table))]
    if not table.empty:
        says = "Gains predicted from pairs against measured gains."
        parts += [
            paragraph(
                "One point is one task of one larger subset; on the dashed line, the prediction is exact."
            ),
            picture(
                reliability_figure(table, unit=gain_unit(outcome.study)),
                key="reliability",
                says=says,
                greatest_width=560,
            ),
        ]
    return section(_TITLE, *parts, key="reliability")


def _in_words(correlation: float | None, table: pd.DataFrame) -> str:
    if correlation is None or not is_known(correlation):
        return "Too few larger subsets were measured, or too alike, to judge it here."
    strength = correlation_strength(correlation)
    number = f"{correlation:.2f}".replace("-", MINUS)
    points = f"{count(len(table), 'task')} in {count(table['subset'].nunique(), 'larger subset')}"
    sentence = (
        f"Here the rank correlation of the two is {number} over {points} "
        "(1: the same order; 0: unrelated; below 0: reversed)"
    )
    if _may_be_chance(correlation, table):
        return f"{sentence}. Over so few subsets, chance alone could produce that: it settles nothing."
    return f"{sentence}: {strength}. {_ADVICE[strength]}"


def _may_be_chance(correlation: float, table: pd.DataFrame) -> bool:
    """Whether unrelated values would often correlate as much: about two standard errors of Spearman's.

    Tasks of one subset vary together, so that subsets are counted, not points.
    """
    return abs(correlation) < 2 / math.sqrt(max(table["subset"].nunique() - 1, 1))
