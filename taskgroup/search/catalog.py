"""The strategies by name: a new one is one file and one line here."""

from __future__ import annotations

from taskgroup.errors import InputError, nearest
from taskgroup.search.active import Active
from taskgroup.search.fixed import Exhaustive, Pairs, Random
from taskgroup.search.hoa import HigherOrder
from taskgroup.search.strategy import Strategy

STRATEGIES: dict[str, Strategy] = {
    "active": Active(),
    "hoa": HigherOrder(),
    "pairs": Pairs(),
    "random": Random(),
    "exhaustive": Exhaustive(),
}
DEFAULT_STRATEGY = "active"


def strategy_named(name: str) -> Strategy:
    """Look up a strategy.

    Raises:
        InputError: If there is none of this name.
    """
    if name not in STRATEGIES:
        raise InputError(f"no strategy {name!r}; {nearest(name, STRATEGIES)}")
    return STRATEGIES[name]
