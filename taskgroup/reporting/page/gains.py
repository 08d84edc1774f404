"""What each task gains, as a picture and a table."""

from __future__ import annotations

import pandas as pd

from taskgroup.reporting.figures import gain_figure
from taskgroup.reporting.gain_unit import GainUnit, gain_unit
from taskgroup.reporting.page.markup import Html, details, paragraph, picture, section, table
from taskgroup.reporting.tables import gain_table
from taskgroup.reporting.words import baseline_phrase, count
from taskgroup.search import Outcome

_TITLE = "What each task gains"


def gains(outcome: Outcome) -> Html:
    """Gain per task with intervals, against single-task networks."""
    measured, unit = gain_table(outcome), gain_unit(outcome.study)
    if measured.empty:
        missing = "There are none: gains per task come from retraining with fresh seeds, on test rows."
        return section(_TITLE, paragraph(missing), key="gains")
    return section(
        _TITLE,
        paragraph(
            _tally(measured[measured["strategy"] == "recommended"]),
            "Zero is the single-task network; bars are 95% intervals for one task at a time, from "
            f"{'test' if outcome.has_test_rows else 'validation'} rows and fresh seeds.",
        ),
        picture(
            gain_figure(measured, unit=unit),
            key="gains",
            says="Gain of each task with its interval.",
            greatest_width=860,
        ),
        details("The same as a table", _as_table(measured, unit)),
        key="gains",
    )


def _tally(recommended: pd.DataFrame) -> str:
    together = recommended[~recommended["alone"]]
    better, worse = int((together["low"] > 0).sum()), int((together["high"] < 0).sum())
    parts = {
        "with an interval above zero": better,
        "with an interval below zero": worse,
        "cannot be told from zero": len(together) - better - worse,
        "train alone, at zero by definition": len(recommended) - len(together),
    }
    tally = "; ".join(f"{number} {what}" for what, number in parts.items() if number)
    return f"Of {count(len(recommended), 'task')} with the recommended networks: {tally}."


def _as_table(measured: pd.DataFrame, unit: GainUnit) -> Html:
    written = pd.DataFrame(
        {
            "task": measured["task"],
            "with": [baseline_phrase(strategy) for strategy in measured["strategy"]],
            "gain": [unit.text(gain) for gain in measured["gain"]],
            "95% interval": [
                unit.interval(low, high) for low, high in zip(measured["low"], measured["high"], strict=True)
            ],
        }
    )
    return table(written, numeric=("gain", "95% interval"))
