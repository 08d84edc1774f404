"""What the Python interface takes in many places: rows in memory, and who hears of progress."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from taskgroup.data import Items
from taskgroup.errors import InputError
from taskgroup.progress import shown
from taskgroup.search import (
    Progress,
)

Data = pd.DataFrame | Mapping[str, Any] | Items
"""A table, a dict of columns, or a map-style data set whose items are `(x, targets)`."""


def listener_of(progress: bool | Progress) -> Progress:
    """Who hears of progress: a bar and lines on stderr, nobody, or the caller's own."""
    if isinstance(progress, bool):
        return shown(quiet=not progress)
    if not callable(getattr(progress, "close", None)):
        raise InputError(f"progress is {progress!r:.80}; give True, False or a Progress")
    return progress
