"""taskgroup: which tasks of a multi-task model should share a network, how deep, how weighted.

>>> import taskgroup as tg
>>> study = tg.load_study("studies/digits.yaml")
>>> study.task_names
('digit', 'odd', 'ge5', 'has_loop', 'prime', 'ink', 'left_share')

The names below load on first use, because torch alone takes seconds to import.
"""

from __future__ import annotations

import importlib
import sys
import types
from typing import TYPE_CHECKING, Any

from taskgroup.errors import (
    InputError,
    MissingExtraError,
    NotFoundError,
    RunFailedError,
    StudyChangedError,
    TaskgroupError,
)

if TYPE_CHECKING:
    from taskgroup.api import Measurement, SearchResult, affinity_by_depth, measure, search
    from taskgroup.executors import Request
    from taskgroup.grouping import Grouping, Network, group
    from taskgroup.kept import load_weights
    from taskgroup.loading import load_study
    from taskgroup.replays import ReplayResult, replay
    from taskgroup.spec import Study

__version__ = "0.1.0"

_HOMES = {
    "Grouping": "taskgroup.grouping",
    "Measurement": "taskgroup.api",
    "Network": "taskgroup.grouping",
    "ReplayResult": "taskgroup.replays",
    "Request": "taskgroup.executors",
    "SearchResult": "taskgroup.api",
    "Study": "taskgroup.spec",
    "affinity_by_depth": "taskgroup.api",
    "group": "taskgroup.grouping",
    "load_study": "taskgroup.loading",
    "load_weights": "taskgroup.kept",
    "measure": "taskgroup.api",
    "replay": "taskgroup.replays",
}

__all__ = [
    "Grouping",
    "InputError",
    "Measurement",
    "MissingExtraError",
    "Network",
    "NotFoundError",
    "ReplayResult",
    "Request",
    "RunFailedError",
    "SearchResult",
    "Study",
    "StudyChangedError",
    "TaskgroupError",
    "affinity_by_depth",
    "group",
    "load_study",
    "load_weights",
    "measure",
    "replay",
    "search",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'taskgroup' has no attribute {name!r}")
    return getattr(importlib.import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


class _Package(types.ModuleType):
    """Keeps `taskgroup.search` the function: importing the subpackage of that name would rebind it."""

    @property
    def search(self) -> Any:
        return importlib.import_module("taskgroup.api").search

    @search.setter
    def search(self, _module: types.ModuleType) -> None:
        pass


sys.modules[__name__].__class__ = _Package
