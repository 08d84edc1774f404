"""Which settings of joint training mattered."""

from __future__ import annotations

import pandas as pd

from taskgroup.reporting.page.markup import Html, join, paragraph, section, table
from taskgroup.reporting.words import phrase, share
from taskgroup.search import Outcome, help_in_words, importance_table
from taskgroup.spec import Method, Study, sampling_in_words, sampling_text


def importances(outcome: Outcome) -> Html:
    """The importance of every tuned setting; nothing where too little was tuned to tell."""
    found = importance_table(outcome.runs, outcome.study)
    if found.empty:
        return join([])
    n = int(found["n_recipes"].iloc[0])
    says = (
        f"{n:,} recipes were tried with all tasks in one network. The importance of a setting is its part in "
        "what tells the best recipes from the others. They sum to 100% whether anything matters or not: with "
        "so few recipes chance alone often gives one setting more than half, so take this for a hint. The "
        "best recipe may have been found after subsets were compared in another."
    )
    return section(
        "Which settings mattered",
        paragraph(says),
        table(_rows(found, outcome.study), numeric=("importance", "values tried")),
        key="importances",
    )


def _rows(found: pd.DataFrame, study: Study) -> pd.DataFrame:
    settings = zip(found["setting"], found["best"], strict=True)
    return pd.DataFrame(
        {
            "setting": [_name(setting) for setting in found["setting"]],
            "importance": [share(value) for value in found["importance"]],
            "values tried": [f"{n:,}" for n in found["n_values"]],
            "in the best recipe": [_value(setting, best, study) for setting, best in settings],
        }
    )


def _name(setting: str) -> str:
    if setting.startswith("weight of "):
        return setting  # with the task's own name
    return "blocks shared" if setting == "depth" else phrase(setting)


def _value(setting: str, best: object, study: Study) -> str:
    if best is None:
        return "not used"
    if setting in ("sharing", "weighting"):
        return Method.parse(str(best)).in_words
    if setting == "sampling":
        return sampling_in_words(str(best) or sampling_text(study.training.sampling))
    return help_in_words(setting, str(best)) if setting == "distillation" else str(best)
