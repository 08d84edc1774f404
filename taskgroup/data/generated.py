"""Data sets that are generated and need no file: `generated:NAME`. Nobody labelled them."""

from __future__ import annotations

from collections.abc import Callable

from taskgroup.data.assays import assays_table
from taskgroup.data.hospitals import hospitals_table
from taskgroup.data.reviews import film_reviews_table, hotel_reviews_table
from taskgroup.data.sentiment_topic import sentiment_topic_table
from taskgroup.data.table import Table
from taskgroup.errors import InputError, nearest

GENERATED: dict[str, Callable[[], Table]] = {
    "assays": assays_table,
    "film_reviews": film_reviews_table,
    "hospitals": hospitals_table,
    "hotel_reviews": hotel_reviews_table,
    "sentiment_topic": sentiment_topic_table,
}


def read_generated(name: str) -> Table:
    """Generate a data set, the same every time.

    Raises:
        InputError: If there is none of that name.
    """
    if name not in GENERATED:
        raise InputError(f"data.source 'generated:{name}' is unknown; {nearest(name, GENERATED)}")
    return GENERATED[name]()
