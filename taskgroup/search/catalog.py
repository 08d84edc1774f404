"""The strategies by name: a new one is one file and one line here."""

from __future__ import annotations

from taskgroup.search.hoa import HigherOrder
from taskgroup.search.strategy import Strategy

STRATEGIES: dict[str, Strategy] = {"hoa": HigherOrder()}
DEFAULT_STRATEGY = "hoa"
