"""The recipes that a search of a study has tuned, as its record tells them."""

from __future__ import annotations

from taskgroup.search.recipe import Recipes, default_recipes
from taskgroup.spec import Study
from taskgroup.storage import Record


def recorded_recipes(study: Study, record: Record, study_id: int) -> Recipes:
    """What a search of the study has tuned; the defaults where there was none."""
    events = record.events(study_id, kind="recipes")
    return Recipes.from_document(events[-1].document) if events else default_recipes(study)
