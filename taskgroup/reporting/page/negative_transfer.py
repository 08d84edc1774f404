"""Who is hurt by which company, as a ranked table, or a sentence where nobody is."""

from __future__ import annotations

import pandas as pd

from taskgroup.reporting.gain_unit import GainUnit, gain_unit
from taskgroup.reporting.page.markup import Html, details, join, paragraph, section, table
from taskgroup.reporting.tables import negative_transfer_table, tested
from taskgroup.reporting.words import baseline_phrase, count, probability
from taskgroup.search import Outcome
from taskgroup.spec import SEPARATOR

ROWS_SHOWN = 15
_EXPLANATION = (
    "Each row is a task that did worse in company than it did alone, worst first. The q-value is the "
    "p-value corrected for the number of tests (Benjamini–Hochberg): among all rows with q < 0.05, about "
    "one in twenty at most is expected to be chance."
)
_FLOORED = (
    "† The task's single-task error is close to zero, so its gain is relative to a floor instead and "
    "should be read with care."
)


def negative_transfer(outcome: Outcome) -> Html:
    """The ranked table of negative transfer."""
    harmed, n_tested = negative_transfer_table(outcome), tested(outcome)
    title = "Negative transfer: who is hurt"
    if harmed.empty:
        return section(title, paragraph(*_nothing_found(n_tested)), key="negative-transfer")
    found = f"Found in {len(harmed):,} of {count(n_tested, 'tested combination')} of a task and its company."
    parts = [
        paragraph(found, _EXPLANATION, *_common_baseline(harmed)),
        _ranked(harmed, gain_unit(outcome.study)),
    ]
    parts += [paragraph(_FLOORED, class_="small")] * bool(harmed["floored"].any())
    return section(title, *parts, key="negative-transfer")


def _nothing_found(n_tested: int) -> list[str]:
    if n_tested == 0:
        return ["Nothing has been tested for negative transfer."]
    tests = count(n_tested, "tested combination")
    return [
        f"None was found at q < 0.05 among {tests} of a task and its company (q: the p-value corrected for "
        "the number of tests).",
        "Harm smaller than the intervals of these measurements could still be there.",
    ]


def _common_baseline(harmed: pd.DataFrame) -> list[str]:
    """The baseline in words where all rows share it; the table has a column for it otherwise."""
    baselines = harmed["baseline"].unique()
    return [f"All are compared with {baseline_phrase(baselines[0])}."] if len(baselines) == 1 else []


def _ranked(harmed: pd.DataFrame, unit: GainUnit) -> Html:
    written = _written(harmed, unit)
    numeric = ("gain", "95% interval", "q-value", "seeds")
    first, rest = written[:ROWS_SHOWN], written[ROWS_SHOWN:]
    shown = table(first, numeric=numeric)
    if rest.empty:
        return shown
    return join([shown, details(f"The other {len(rest):,}", table(rest, numeric=numeric))])


def _written(harmed: pd.DataFrame, unit: GainUnit) -> pd.DataFrame:
    mark = ["†" if floored else "" for floored in harmed["floored"]]
    rows = harmed.to_dict("records")
    written = pd.DataFrame(
        {
            "task": harmed["target"],
            "gain": [unit.text(gain) + m for gain, m in zip(harmed["gain"], mark, strict=True)],
            "95% interval": [unit.interval(row["low"], row["high"]) for row in rows],
            "when trained with": [c.replace(SEPARATOR, f" {SEPARATOR} ") for c in harmed["company"]],
            "q-value": [probability(q) for q in harmed["q_value"]],
            "seeds": [f"{n:.0f}" for n in harmed["n_seeds"]],
            "compared with": [baseline_phrase(name) for name in harmed["baseline"]],
        }
    )
    return written.drop(columns="compared with") if _common_baseline(harmed) else written
