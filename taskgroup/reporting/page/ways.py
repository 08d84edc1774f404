"""How shared and how weighted: what other ways of joint training did."""

from __future__ import annotations

import pandas as pd

from taskgroup.reporting.gain_unit import GainUnit, gain_unit
from taskgroup.reporting.page.markup import Html, details, join, paragraph, section, table
from taskgroup.reporting.tables import ways_table
from taskgroup.reporting.words import count, probability
from taskgroup.search import Outcome, help_in_words, sharing_in_words
from taskgroup.spec import SEPARATOR, Method, Sharing, Study, sampling_in_words, sampling_text

_NUMERIC = ("networks", "better", "worse", "mean advantage", "advantage", "95% interval", "q-value", "seeds")
_CHOSEN = (
    "These are the networks that looked best on the way, so the rows are no fair sample of all subsets: as "
    "they looked best in the first way at these seeds, other ways appear somewhat worse than they are. "
    "An advantage is the mean over all tasks of a network, also those that only ride along; better and worse "
    "are counted at q < 0.05."
)


def ways(outcome: Outcome) -> Html:
    """Each other way of joint training against the first; nothing where there was one way only."""
    summary = ways_table(outcome)
    if summary.empty or outcome.recipes is None:
        return join([])
    home = outcome.recipes.joint.way_in_words
    unit = gain_unit(outcome.study)
    n_tried = outcome.ways["subset"].nunique()
    intro = f"Subsets were compared with {home}; {n_tried:,} of them also in another way."
    return section(
        "How shared, how weighted",
        paragraph(intro, _verdict(summary), _CHOSEN),
        table(_summary(summary, unit, outcome.study), numeric=_NUMERIC),
        details(
            "Every network that was tried in another way",
            table(_rows(outcome.ways, unit, outcome.study), numeric=_NUMERIC),
        ),
        key="ways",
    )


def _verdict(summary: pd.DataFrame) -> str:
    """Whether anything is told apart from the first way by more than what seeds explain."""
    better, worse = int(summary["n_better"].sum()), int(summary["n_worse"].sum())
    if better or worse:
        return (
            f"Beyond seed noise another way was better for {count(better, 'network')} and worse for "
            f"{count(worse, 'network')}; every other difference may be chance."
        )
    return "No other way differs from it beyond seed noise, so none can be said to be better or worse."


def _summary(summary: pd.DataFrame, unit: GainUnit, study: Study) -> pd.DataFrame:
    return pd.DataFrame(
        {
            **_way(summary, study),
            "networks": [f"{n:,}" for n in summary["n_networks"]],
            "better": [f"{n:,}" for n in summary["n_better"]],
            "worse": [f"{n:,}" for n in summary["n_worse"]],
            "mean advantage": [unit.text(gain) for gain in summary["mean"]],
        }
    )


def _rows(tried: pd.DataFrame, unit: GainUnit, study: Study) -> pd.DataFrame:
    ordered = tried.sort_values("advantage", ascending=False)
    return pd.DataFrame(
        {
            "network": [subset.replace(SEPARATOR, f" {SEPARATOR} ") for subset in ordered["subset"]],
            **_way(ordered, study),
            "advantage": [unit.text(gain) for gain in ordered["advantage"]],
            "95% interval": [
                unit.interval(low, high) for low, high in zip(ordered["low"], ordered["high"], strict=True)
            ],
            "q-value": [probability(q) for q in ordered["q_value"]],
            "seeds": [f"{n:.0f}" for n in ordered["n_seeds"]],
        }
    )


def _way(rows: pd.DataFrame, study: Study) -> dict[str, list[str]]:
    sharings = [Sharing(kind, depth) for kind, depth in zip(rows["sharing"], rows["depth"], strict=True)]
    words = {
        "sharing": [sharing_in_words(sharing) for sharing in sharings],
        "loss weighting": [Method.parse(weighting).in_few_words for weighting in rows["weighting"]],
    }
    if (rows["sampling"] != "").any():
        usual = sampling_text(study.training.sampling)
        words["sampling"] = [sampling_in_words(text or usual) for text in rows["sampling"]]
    if (rows["distillation"] != "").any():
        words["distillation"] = [help_in_words("distillation", text) for text in rows["distillation"]]
    return words
