"""What to train next, under a budget, and what it all showed."""

from taskgroup.search.analysis import runs_with_gains
from taskgroup.search.conclude import conclude
from taskgroup.search.driver import Driver
from taskgroup.search.function import (
    FUNCTION_RECIPES,
    FunctionDriver,
    as_candidates,
    in_task_order,
    plan_calls,
)
from taskgroup.search.lab import Lab
from taskgroup.search.outcome import Outcome
from taskgroup.search.plan import Plan, make_plan
from taskgroup.search.progress import Progress, Silent
from taskgroup.search.recipe import Recipe, Recipes, default_recipes

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
    "as_candidates",
    "conclude",
    "default_recipes",
    "in_task_order",
    "make_plan",
    "plan_calls",
    "runs_with_gains",
]
