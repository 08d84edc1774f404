"""Which settings of joint training mattered."""

from __future__ import annotations

import pandas as pd

from taskgroup.reporting.page.markup import Html, join, paragraph, section, table
from taskgroup.reporting.words import phrase, share
from taskgroup.search import Outcome, help_in_words, importance_table
from taskgroup.spec import Method


def importances(outcome: Outcome) -> Html:
    """The importance of every tuned setting; nothing where too little was tuned to tell."""
    found = importance_table(outcome.runs, outcome.study)
    if found.empty:
        return join([])
    n = int(found["n_recipes"].iloc[0])
    says = (
        f"{n:,} recipes were tried with all tasks in one network. The importance of a setting is its part in "
        "what tells the best recipes from the others. They sum to 100% whether anything matters or not: with "
        "so few recipes chance alone often gives one setting more than half, so take this for a hint."
    )
    return section(
        "Which settings mattered",
        paragraph(says),
        table(_rows(found), numeric=("importance", "values tried")),
        key="importances",
    )


def _rows(found: pd.DataFrame) -> pd.DataFrame:
    settings = zip(found["setting"], found["best"], strict=True)
    return pd.DataFrame(
        {
            "setting": [_name(setting) for setting in found["setting"]],
            "importance": [share(value) for value in found["importance"]],
            "values tried": [f"{n:,}" for n in found["n_values"]],
            "in the best recipe": [_value(setting, best) for setting, best in settings],
        }
    )


def _name(setting: str) -> str:
    return "blocks shared" if setting == "depth" else phrase(setting)


def _value(setting: str, best: object) -> str:
    if best is None:
        return "not used"
    if setting in ("sharing", "weighting"):
        return Method.parse(str(best)).in_words
    return help_in_words(setting, str(best)) if setting in ("sampling", "distillation") else str(best)
