"""What to do, in words: the recommendation, what it gains, and what a reader must know first."""

from __future__ import annotations

from taskgroup.reporting.page.markup import Html, element, join, paragraph, text, unordered
from taskgroup.reporting.tables import Claim, claims
from taskgroup.reporting.words import baseline_phrase, count, interval, is_known, percent
from taskgroup.search import Outcome

_VERDICTS = {
    "better": "Better, by more than chance explains.",
    "worse": "Worse, by more than chance explains.",
    "unclear": "Not distinguishable from zero: this may be chance.",
    "provisional": "Provisional: from the runs that the choice was made by, so it is likely too high.",
    "unmeasured": "Not measured.",
}
_UNCONFIRMED = (
    "This recommendation is not confirmed: it has not been retrained with fresh seeds, so nothing can be "
    "said yet about what it gains on test rows."
)


def headline(outcome: Outcome) -> Html:
    """The top of the page."""
    grouping = outcome.recommendation
    facts = [
        count(len(outcome.study.tasks), "task"),
        f"{count(len(grouping.networks), 'network')} recommended",
        f"serving cost of {grouping.cost:.4g} (1 = one standard network)",
    ]
    return element(
        "header",
        element("p", text("Which tasks to train together"), class_="eyebrow"),
        element("h1", text(outcome.study.name)),
        element("p", text(" · ".join(facts)), class_="facts"),
        element("p", text(grouping.verdict), class_="verdict"),
        element("div", *(_tile(claim) for claim in claims(grouping)), class_="tiles"),
        _how_measured(outcome),
        _notes(outcome),
    )


def _tile(claim: Claim) -> Html:
    return element(
        "div",
        element("p", text(f"Against {baseline_phrase(claim.baseline)}"), class_="against"),
        element("p", text(percent(claim.gain)), class_="number"),
        *_interval(claim),
        element("p", text(_VERDICTS[claim.standing]), class_="standing"),
        class_=f"tile {claim.standing}",
    )


def _interval(claim: Claim) -> list[Html]:
    if not (is_known(claim.low) and is_known(claim.high)):
        return []
    return [element("p", text(f"95% interval {interval(claim.low, claim.high)}"), class_="interval")]


def _how_measured(outcome: Outcome) -> Html:
    meaning = (
        "A gain is the share of a task's error that goes away, compared with a network trained on that "
        "task alone; the figures are means over the tasks, weighted by importance."
    )
    how = "They were measured on test rows, after retraining with seeds that played no part in the choice."
    return paragraph(meaning, *[how] * outcome.recommendation.confirmed)


def _notes(outcome: Outcome) -> Html:
    notes = ([] if outcome.recommendation.confirmed else [_UNCONFIRMED]) + list(outcome.notes)
    if not notes:
        return join([])
    title = element("h2", text("Before you use this"))
    return element("aside", title, unordered(notes, class_="notes"), class_="notice")
