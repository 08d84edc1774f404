"""How well cheaper estimates of affinity agree with what was measured: a table and small matrices."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from taskgroup.reporting.order import leaf_order, source_order
from taskgroup.reporting.page.markup import Html, element, join, paragraph, section, table, text, unordered
from taskgroup.reporting.page.matrix_svg import matrix_svg
from taskgroup.reporting.tables import estimator_table
from taskgroup.reporting.words import UNKNOWN, correlation, is_known, operations, phrase
from taskgroup.search import Estimated, Outcome

_MEANING = (
    "Affinities can be estimated for less than it costs to measure them. On some data that works, on others "
    "the order comes out wrong, so each estimate is compared here with the gains of pairs that this search "
    "measured."
)
_AGREEMENT = (
    "Agreement is a rank correlation with measured gains that the estimate has not seen (1: the same order; "
    "0: unrelated; below 0: reversed). The first three use measured gains, so they are compared with gains "
    "at single seeds, which are noisier: pairwise with the same pairs at other seeds, hoa and subset "
    "regression with other subsets at other seeds. The others are compared with means over seeds. Intervals "
    "are rough where pairs are few. Runs and operations leave out the single-task baselines."
)
_MULTIPLES = (
    "The matrices have the tasks in one order, that of the matrix above: the column's task helps (blue) or "
    "hurts (red) the row's. Each has its own range of colours, since only the order of a score counts; grey "
    "is not known."
)
_USES = {"gains": "measured gains", "joint": "joint training", "rows": "data alone"}


def estimators(outcome: Outcome, estimates: Sequence[Estimated]) -> Html:
    """The section; nothing where there is nothing to compare."""
    made = [estimated for estimated in estimates if estimated.matrix is not None]
    if len(made) < 2:
        return join([])
    rows = estimator_table(estimates)
    missing = [f"{e.estimator.name}: {e.reason}" for e in estimates if e.matrix is None]
    return section(
        "How well do cheaper estimates agree?",
        paragraph(_MEANING, _in_words(rows)),
        table(_written(rows), numeric=("runs", "operations", "agreement", "pairs")),
        paragraph(_AGREEMENT, class_="prose small"),
        paragraph(_MULTIPLES),
        _multiples(outcome, made),
        *([paragraph("Not available here:"), unordered(missing, class_="notes small")] if missing else []),
        key="estimators",
    )


def _in_words(rows: pd.DataFrame) -> str:
    """Which of those that measure nothing agree beyond chance."""
    cheap = rows[rows["kind"] == "independent"]
    if cheap.empty:
        return "Too few pairs were measured to judge any of them here."
    good = cheap[cheap["low"] > 0].sort_values("correlation", ascending=False)
    wrong = cheap[cheap["high"] < 0]
    if good.empty and wrong.empty:
        return "Of those that measure no gains, none could be told from chance here: do not choose by them."
    parts = []
    if len(good):
        names = ", ".join(
            f"{n} ({correlation(c)})" for n, c in zip(good["estimator"], good["correlation"], strict=True)
        )
        parts.append(f"Of those that measure no gains, these rank pairs better than chance here: {names}.")
    if len(wrong):
        parts.append(f"These rank them the wrong way round: {', '.join(wrong['estimator'])}.")
    return " ".join(parts)


def _written(rows: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "estimate": [phrase(name) for name in rows["estimator"]],
            "agreement": [
                _interval(c, low, high)
                for c, low, high in zip(rows["correlation"], rows["low"], rows["high"], strict=True)
            ],
            "pairs": [f"{n:.0f}" if is_known(n) else UNKNOWN for n in rows["n_pairs"]],
            "runs": [f"{n:,}" for n in rows["cost_runs"]],
            "operations": [operations(flops) for flops in rows["cost_flops"]],
            "uses": [_USES[use] for use in rows["uses"]],
            "what it is": rows["summary"],
        }
    )


def _interval(value: float, low: float, high: float) -> str:
    if not is_known(value):
        return UNKNOWN
    return f"{correlation(value)} ({correlation(low)} to {correlation(high)})"


def _multiples(outcome: Outcome, made: Sequence[Estimated]) -> Html:
    order = leaf_order(outcome.affinity.estimate)
    sources = source_order(outcome.affinity.estimate, order)
    return element("div", *(_multiple(estimated, order, sources) for estimated in made), class_="multiples")


def _multiple(estimated: Estimated, order: list[str], sources: list[str]) -> Html:
    assert estimated.matrix is not None
    name, agreement = phrase(estimated.estimator.name), estimated.matrix.agreement
    how = "as measured" if estimated.estimator.name == "pairwise" else "agreement unknown"
    if agreement is not None and agreement.kind != "between_seeds":
        how = f"agreement {correlation(agreement.correlation)}"
    picture = matrix_svg(
        estimated.matrix.estimate.loc[order, sources], says=f"Matrix of affinities by {name}, {how}."
    )
    caption = element("figcaption", element("strong", text(name)), text(f" {how}"))
    return element("figure", picture, caption)
