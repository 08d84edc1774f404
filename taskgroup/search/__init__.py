"""What to train next, under a budget, and what it all showed.

What trains loads on first use: showing what a record holds needs neither torch nor Optuna.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from taskgroup.search.analysis import runs_with_gains
from taskgroup.search.by_depth import affinity_by_depth_of
from taskgroup.search.conclude import conclude, conclude_stored
from taskgroup.search.cost import affordable_sharings
from taskgroup.search.importances import importance_table
from taskgroup.search.linear_comparison import LinearComparison
from taskgroup.search.matched import joint_sizes, matched_capacities, matched_specs
from taskgroup.search.outcome import Outcome
from taskgroup.search.plan import Plan, make_plan, search_seeds
from taskgroup.search.progress import Progress, Silent
from taskgroup.search.recipe import (
    FUNCTION_RECIPES,
    WAY,
    Recipe,
    Recipes,
    default_recipes,
    help_in_words,
    sharing_in_words,
    way_in_words,
)

if TYPE_CHECKING:
    from taskgroup.search.calls import as_candidates, in_task_order, plan_calls
    from taskgroup.search.catalog import DEFAULT_STRATEGY, strategy_named
    from taskgroup.search.depth_runs import measure_by_depth
    from taskgroup.search.driver import Driver
    from taskgroup.search.estimate import REPORT_SECONDS, Estimated, Estimation, known_estimator
    from taskgroup.search.feasible import require_feasible
    from taskgroup.search.function import FunctionDriver
    from taskgroup.search.kept_estimates import KeptEstimates
    from taskgroup.search.lab import Lab
    from taskgroup.search.linear_baselines import (
        fit_linear_baselines,
        keep_linear_baselines,
        linear_seconds,
    )
    from taskgroup.search.measured_table import Columns, read_measured
    from taskgroup.search.replay import Replay, ReplaySettings, replay_strategy
    from taskgroup.search.space import export_runs

_HOMES = {
    "DEFAULT_STRATEGY": "catalog",
    "REPORT_SECONDS": "estimate",
    "Columns": "measured_table",
    "Driver": "driver",
    "Estimated": "estimate",
    "Estimation": "estimate",
    "FunctionDriver": "function",
    "KeptEstimates": "kept_estimates",
    "Lab": "lab",
    "Replay": "replay",
    "ReplaySettings": "replay",
    "as_candidates": "calls",
    "export_runs": "space",
    "fit_linear_baselines": "linear_baselines",
    "keep_linear_baselines": "linear_baselines",
    "linear_seconds": "linear_baselines",
    "require_feasible": "feasible",
    "in_task_order": "calls",
    "known_estimator": "estimate",
    "measure_by_depth": "depth_runs",
    "plan_calls": "calls",
    "read_measured": "measured_table",
    "replay_strategy": "replay",
    "strategy_named": "catalog",
}

__all__ = [
    "DEFAULT_STRATEGY",
    "FUNCTION_RECIPES",
    "REPORT_SECONDS",
    "WAY",
    "Columns",
    "Driver",
    "Estimated",
    "Estimation",
    "FunctionDriver",
    "KeptEstimates",
    "Lab",
    "LinearComparison",
    "Outcome",
    "Plan",
    "Progress",
    "Recipe",
    "Recipes",
    "Replay",
    "ReplaySettings",
    "Silent",
    "affinity_by_depth_of",
    "affordable_sharings",
    "as_candidates",
    "conclude",
    "conclude_stored",
    "default_recipes",
    "export_runs",
    "fit_linear_baselines",
    "help_in_words",
    "importance_table",
    "in_task_order",
    "joint_sizes",
    "keep_linear_baselines",
    "known_estimator",
    "linear_seconds",
    "make_plan",
    "matched_capacities",
    "matched_specs",
    "measure_by_depth",
    "plan_calls",
    "read_measured",
    "replay_strategy",
    "require_feasible",
    "runs_with_gains",
    "search_seeds",
    "sharing_in_words",
    "strategy_named",
    "way_in_words",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'taskgroup.search' has no attribute {name!r}")
    return getattr(importlib.import_module(f"taskgroup.search.{_HOMES[name]}"), name)
