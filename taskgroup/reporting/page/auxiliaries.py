"""Which auxiliary tasks help: what each added to the networks that it was tried in."""

from __future__ import annotations

import pandas as pd

from taskgroup.reporting.gain_unit import GainUnit, gain_unit
from taskgroup.reporting.page.markup import Html, details, join, paragraph, section, table
from taskgroup.reporting.words import probability
from taskgroup.search import Outcome
from taskgroup.spec import SEPARATOR
from taskgroup.transfer import FLAG_LEVEL

_NUMERIC = ("gain", "95% interval", "q-value", "seeds")
_MEANING = (
    "An auxiliary task is trained and never served: it may only ride along in a network of others. Each row "
    "compares a network that has it with the same network without it, at the same seeds, on the validation "
    "rows; without any other task that is the target alone, trained with the settings of single tasks. Such "
    "a row also holds what the settings of joint training do for the target; rows of larger networks do not."
)


def auxiliaries(outcome: Outcome) -> Html:
    """The section; nothing where the study has no auxiliary tasks or none was tried."""
    tried = outcome.auxiliaries
    if tried.empty:
        return join([])
    unit, alone = gain_unit(outcome.study), tried[tried["beside"] == tried["target"]]
    larger = tried.drop(alone.index)
    more = (
        [details("In larger networks", table(_rows(larger, unit), numeric=_NUMERIC))] if len(larger) else []
    )
    return section(
        "Do the auxiliary tasks help?",
        paragraph(_MEANING, _in_words(tried), _riding(outcome)),
        table(_rows(alone, unit), numeric=_NUMERIC),
        *more,
        key="auxiliaries",
    )


def _in_words(tried: pd.DataFrame) -> str:
    sure = tried[tried["q_value"] < FLAG_LEVEL]
    helps, hurts = sure[sure["gain"] > 0], sure[sure["gain"] < 0]
    said = [
        f"{_pairs(rows)} {verb} beyond seed noise (q < 0.05)."
        for rows, verb in ((helps, "helps"), (hurts, "hurts"))
        if len(rows)
    ]
    return " ".join(said) or "None of them can be told from chance."


def _pairs(rows: pd.DataFrame) -> str:
    """Who does it for whom, each pair once."""
    pairs = dict.fromkeys(zip(rows["auxiliary"], rows["target"], strict=True))
    return ", ".join(f"{auxiliary} for {target}" for auxiliary, target in pairs)


def _riding(outcome: Outcome) -> str:
    """Which of them the recommendation trains."""
    networks = outcome.recommendation.networks
    riding = [name for name in outcome.study.auxiliary_names if any(name in n.subset for n in networks)]
    return (
        f"The recommended networks train {', '.join(riding)}."
        if riding
        else "No recommended network has one."
    )


def _rows(tried: pd.DataFrame, unit: GainUnit) -> pd.DataFrame:
    intervals = zip(tried["low"], tried["high"], strict=True)
    return pd.DataFrame(
        {
            "auxiliary": tried["auxiliary"],
            "target": tried["target"],
            "added to": [beside.replace(SEPARATOR, f" {SEPARATOR} ") for beside in tried["beside"]],
            "gain": [unit.text(gain) for gain in tried["gain"]],
            "95% interval": [unit.interval(low, high) for low, high in intervals],
            "q-value": [probability(q) for q in tried["q_value"]],
            "seeds": [f"{n:.0f}" for n in tried["n_seeds"]],
        }
    )
