"""What to train next, under a budget, and what it all showed.

What trains loads on first use: showing what a record holds needs neither torch nor Optuna.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from taskgroup.search.analysis import runs_with_gains
from taskgroup.search.conclude import conclude
from taskgroup.search.cost import affordable_depths
from taskgroup.search.outcome import Outcome
from taskgroup.search.plan import Plan, make_plan
from taskgroup.search.progress import Progress, Silent
from taskgroup.search.recipe import Recipe, Recipes, default_recipes

if TYPE_CHECKING:
    from taskgroup.search.driver import Driver
    from taskgroup.search.function import (
        FUNCTION_RECIPES,
        FunctionDriver,
        as_candidates,
        in_task_order,
        plan_calls,
    )
    from taskgroup.search.lab import Lab
    from taskgroup.search.space import export_runs

_HOMES = {
    "Driver": "driver",
    "FUNCTION_RECIPES": "function",
    "FunctionDriver": "function",
    "Lab": "lab",
    "as_candidates": "function",
    "export_runs": "space",
    "in_task_order": "function",
    "plan_calls": "function",
}

__all__ = [
    "FUNCTION_RECIPES",
    "Driver",
    "FunctionDriver",
    "Lab",
    "Outcome",
    "Plan",
    "Progress",
    "Recipe",
    "Recipes",
    "Silent",
    "affordable_depths",
    "as_candidates",
    "conclude",
    "default_recipes",
    "export_runs",
    "in_task_order",
    "make_plan",
    "plan_calls",
    "runs_with_gains",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'taskgroup.search' has no attribute {name!r}")
    return getattr(importlib.import_module(f"taskgroup.search.{_HOMES[name]}"), name)
