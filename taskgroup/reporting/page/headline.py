"""What to do, in words: the recommendation, what it gains, and what a reader must know first."""

from __future__ import annotations

from taskgroup.reporting.gain_unit import GainUnit, gain_unit
from taskgroup.reporting.page.markup import Html, element, join, paragraph, text, unordered
from taskgroup.reporting.tables import Claim, claims
from taskgroup.reporting.words import baseline_phrase, count, is_known
from taskgroup.search import Outcome

_VERDICTS = {
    "better": "Better on these test rows, by more than retraining with other seeds explains.",
    "worse": "Worse on these test rows, by more than retraining with other seeds explains.",
    "unclear": "Not distinguishable from zero: this may be chance.",
    "unrepeated": "Measured with a single seed: there is no interval, and this may be chance.",
    "same": "This baseline is what is recommended.",
    "provisional": "Provisional: from the runs that the choice was made by, so likely too high.",
    "unmeasured": "Not measured.",
}


def headline(outcome: Outcome) -> Html:
    """The top of the page."""
    grouping, unit = outcome.recommendation, gain_unit(outcome.study)
    facts = [
        count(len(outcome.study.main_names), "task"),
        *([count(n_riding, "auxiliary task")] if (n_riding := len(outcome.study.auxiliary_names)) else []),
        f"{count(len(grouping.networks), 'network')} recommended",
        f"serving cost of {grouping.cost:.4g} (1 = one standard network)",
    ]
    return element(
        "header",
        element("p", text("Which tasks to train together"), class_="eyebrow"),
        element("h1", text(outcome.study.name)),
        element("p", text(" · ".join(facts)), class_="facts"),
        element("p", text(grouping.verdict), class_="verdict"),
        element("div", *(_tile(claim, unit) for claim in claims(grouping)), class_="tiles"),
        _how_measured(outcome),
        _notes(outcome),
    )


def _tile(claim: Claim, unit: GainUnit) -> Html:
    number = "the same" if claim.standing == "same" else unit.text(claim.gain)
    return element(
        "div",
        element("p", text(f"Against {baseline_phrase(claim.baseline)}"), class_="against"),
        element("p", text(number), class_="number"),
        *_interval(claim, unit),
        element("p", text(_VERDICTS[claim.standing]), class_="standing"),
        class_=f"tile {claim.standing}",
    )


def _interval(claim: Claim, unit: GainUnit) -> list[Html]:
    if not (is_known(claim.low) and is_known(claim.high)):
        return []
    return [element("p", text(f"95% interval {unit.interval(claim.low, claim.high)}"), class_="interval")]


def _how_measured(outcome: Outcome) -> Html:
    mean = "The figures above are means over the tasks, weighted by importance."
    if not outcome.recommendation.confirmed:
        how = "The recommendation has not been confirmed by retraining with fresh seeds."
    elif outcome.has_test_rows:
        how = (
            "They come from test rows, which decided nothing. The networks were retrained with fresh seeds; "
            "the validation rows of those runs decided between the finalists and the baselines. Intervals "
            "cover the choice of training rows and of initial weights within this data set; another sample "
            "of the same size may differ more."
        )
    else:
        how = "They come from fresh seeds, which the grouping was not chosen by."
    return paragraph(gain_unit(outcome.study).meaning, mean, how)


def _notes(outcome: Outcome) -> Html:
    if not outcome.notes:
        return join([])
    title = element("h2", text("Before you use this"))
    return element("aside", title, unordered(outcome.notes, class_="notes"), class_="notice")
