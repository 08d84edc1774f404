"""Transfer or size: what is left of the harm against single-task networks of the same total cost."""

from __future__ import annotations

import pandas as pd

from taskgroup.reporting.gain_unit import GainUnit, gain_unit
from taskgroup.reporting.page.markup import Html, join, paragraph, section, table
from taskgroup.reporting.tables import baseline_size_table
from taskgroup.reporting.words import baseline_phrase, count, share
from taskgroup.search import Outcome
from taskgroup.transfer import BASELINE, MATCHED_BASELINE

_MEANING = (
    "Single-task networks of full size have more units in all than one network for the same tasks, so part "
    "of what a comparison with them shows is size, not transfer. Capacity-matched ones are narrower: "
    "together they cost as much as the joint network."
)
_USE = (
    "Everything else on this page is against full-size networks, the best that can be had without sharing. "
    "matched_transfer.csv has the gains over the narrower ones."
)
_BASELINES = {
    BASELINE: "full-size single-task networks",
    MATCHED_BASELINE: baseline_phrase(MATCHED_BASELINE),
}


def baseline_size(outcome: Outcome) -> Html:
    """Negative transfer under both baselines; nothing where only one was asked for."""
    compared = baseline_size_table(outcome)
    if compared.empty:
        return join([])
    cells = count(int(compared["n_cells"].iloc[0]), "combination")
    return section(
        "Transfer or size: two baselines",
        paragraph(_MEANING, f"Both rows are over the same {cells} of a task and its company."),
        table(
            _written(compared, gain_unit(outcome.study)),
            numeric=("negative gains", "share", "flagged at q < 0.05", "mean gain"),
        ),
        paragraph(_USE, class_="prose small"),
        key="baseline-size",
    )


def _written(compared: pd.DataFrame, unit: GainUnit) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "compared with": [_BASELINES[name] for name in compared["baseline"]],
            "negative gains": [f"{n:,}" for n in compared["n_negative"]],
            "share": [share(part) for part in compared["negative_share"]],
            "flagged at q < 0.05": [f"{n:,}" for n in compared["n_flagged"]],
            "mean gain": [unit.text(gain) for gain in compared["mean_gain"]],
        }
    )
