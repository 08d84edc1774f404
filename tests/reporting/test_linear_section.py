"""Is a network needed: the section, and its absence."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
import pytest

from taskgroup.cli.words import recommendation_lines
from taskgroup.reporting import render_page
from taskgroup.search import LinearComparison, Outcome
from taskgroup.search.confirm import Advantage
from taskgroup.search.linear_comparison import GAIN_COLUMNS

GAINS = pd.DataFrame(
    [
        ("mean_regularised", 0.04, 0.01, 0.07, 0.05, 0.02, 0.08),
        ("ridge_alone", -0.31, -0.4, -0.2, 0.0, 0.0, 0.0),
    ],
    columns=list(GAIN_COLUMNS),
)


def shown(outcome: Outcome, **settings: object) -> Outcome:
    advantage = Advantage(0.11, 0.05, 0.17)
    linear = LinearComparison(gains=GAINS, best="mean_regularised", advantage=advantage)
    return replace(outcome, linear=replace(linear, **settings))


def test_the_page_has_the_table_and_the_verdict(digits_outcome: Outcome) -> None:
    page = render_page(shown(digits_outcome, better_tasks=("<ink>",), unused={"clustered": "too few & odd"}))
    assert "Is a network needed?" in page
    assert "The best linear model, mean regularised, is worse than the recommended networks" in page
    assert "+11.0% [+5.0%, +17.0%]" in page
    assert "For these tasks alone it is better: &lt;ink&gt;." in page
    assert "−31%" in page
    assert "clustered: too few &amp; odd" in page


def test_clusters_are_shown_as_a_hint(digits_outcome: Outcome) -> None:
    page = render_page(shown(digits_outcome, clusters=(("odd", "prime"), ("ink",))))
    assert "odd, prime; ink. Only tasks of one kind" in page
    assert "Tasks whose linear models are alike" not in render_page(shown(digits_outcome))


def test_the_reason_for_nothing_is_one_line(digits_outcome: Outcome) -> None:
    page = render_page(replace(digits_outcome, linear=LinearComparison(skipped="no linear models: too long")))
    assert "This was not looked into: no linear models: too long." in page


def test_nothing_is_said_where_nothing_was_asked_for(digits_outcome: Outcome) -> None:
    assert "Is a network needed?" not in render_page(digits_outcome)


@pytest.mark.parametrize(
    ("low", "high", "told"), [(0.05, 0.17, False), (-0.02, 0.17, True), (-0.3, -0.1, True)]
)
def test_the_terminal_tells_only_of_linear_models_that_are_as_good(
    digits_outcome: Outcome, low: float, high: float, told: bool
) -> None:
    outcome = shown(digits_outcome, advantage=Advantage((low + high) / 2, low, high))
    outcome = replace(outcome, notes=outcome.linear.notes)
    assert ("linear model" in " ".join(recommendation_lines(outcome))) == told
