"""Dividing the runs of a search over its stages, before the first is trained."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from taskgroup.errors import InputError
from taskgroup.search.dimensions import n_ways, tuning_runs
from taskgroup.search.hints import n_hint_runs
from taskgroup.search.strategy import ServingLimit
from taskgroup.spec import Study

_SEEDS_APART = 1_000_000
_FRESH_FROM = 500_000
_MIN_CONFIRM_SEEDS = 5
_TUNING_SHARE = 0.3
_MAX_PROPOSALS = 12
_MAX_TUNING_SEEDS = 2
_MATCHED_SHARE = 0.5
MAX_FINALISTS = 2


@dataclass(frozen=True)
class Plan:
    """What each stage may spend.

    Attributes:
        seeds: Paired repetitions of everything that is compared in the search.
        fresh_seeds: Repetitions of the finalists and baselines, used for nothing else.
        tuning_seeds: Repetitions of each tuned recipe.
        n_proposals: Recipes tried for single tasks.
        n_subsets: Networks that may be measured beyond single tasks and all-in-one, in full runs.
        n_runs: The most network trainings in all.
        n_confirmation: The most of them that are kept for the confirmation.
    """

    seeds: tuple[int, ...]
    fresh_seeds: tuple[int, ...]
    tuning_seeds: tuple[int, ...]
    n_proposals: int
    n_subsets: int
    n_runs: int
    n_confirmation: int = 0


def calls_document(plan: Plan) -> dict[str, Any]:
    """What tables need of a plan of function calls, as plain JSON values."""
    return {"seeds": list(plan.seeds), "fresh_seeds": list(plan.fresh_seeds), "n_runs": plan.n_runs}


def calls_plan(document: Mapping[str, Any]) -> Plan:
    """Read `calls_document`."""
    seeds, fresh = tuple(document["seeds"]), tuple(document["fresh_seeds"])
    return Plan(seeds, fresh, (), 0, 0, document["n_runs"])


def search_seeds(study: Study) -> tuple[int, ...]:
    """The paired repetitions of everything that a search compares."""
    first = study.seed * _SEEDS_APART
    return tuple(range(first, first + study.search.seeds))


def make_plan(study: Study, *, n_proposals: int | None = None) -> Plan:
    """Divide `search.runs`: baselines and confirmation first, then tuning, the rest for subsets.

    Args:
        study: Its search settings.
        n_proposals: What a search that goes on with another budget had planned at first, so that it
            keeps its recipes and with them its runs.

    Raises:
        InputError: If the runs cannot cover the baselines, a few pairs and the confirmation.
    """
    search, n_tasks, n_riding = study.search, len(study.main_names), len(study.auxiliary_names)
    seeds = search_seeds(study)
    first = study.seed * _SEEDS_APART
    n_fresh = search.confirm_seeds or max(search.seeds, _MIN_CONFIRM_SEEDS)
    fresh = tuple(range(first + _FRESH_FROM, first + _FRESH_FROM + n_fresh))
    tuning = seeds[:_MAX_TUNING_SEEDS]
    shares = sum(set(search.fidelity)) if search.strategy == "active" else 0.0
    baselines = math.ceil((n_tasks + 1) * len(seeds) * (1 + shares))
    confirmation = (n_tasks + 1 + MAX_FINALISTS * _networks_at_most(study)) * n_fresh
    left = search.runs - baselines - confirmation - n_hint_runs(study)
    if left < len(seeds):
        raise InputError(_too_few(study, baselines, confirmation, len(seeds)))
    if n_proposals is None:
        share = _TUNING_SHARE * left
        n_proposals = _largest(_MAX_PROPOSALS, lambda n: tuning_runs(study, n, len(tuning)) <= share)
    left = max(left - tuning_runs(study, n_proposals, len(tuning)), 0)
    several = search.strategy == "active" and search.per_network
    ways = n_ways(study) if several else 1
    possible = ways * (2 ** (n_tasks + n_riding) - 2**n_riding - n_tasks) - (n_tasks > 1)
    n_subsets = min((left - _matched_runs(study, left)) // len(seeds), possible)
    return Plan(seeds, fresh, tuning, n_proposals, n_subsets, search.runs, confirmation)


def n_pairs(study: Study) -> int:
    """The pairs that tell who helps whom: of two main tasks, or a main and an auxiliary one."""
    n_tasks = len(study.main_names)
    return n_tasks * (n_tasks - 1) // 2 + n_tasks * len(study.auxiliary_names)


def serving_limit(study: Study) -> ServingLimit:
    """The study's limit on the recommended grouping."""
    return ServingLimit(study.grouping.max_groups, study.grouping.budget)


def _networks_at_most(study: Study) -> int:
    """How many networks of two or more tasks a finalist can have that still need fresh runs."""
    n_tasks = len(study.main_names)
    if study.auxiliary_names:  # each task may have company of its own
        return min(study.grouping.max_groups or n_tasks, n_tasks)
    disjoint = n_tasks // 2
    return max(1, min(study.grouping.max_groups or disjoint + 1, disjoint + 1))


def _matched_runs(study: Study, left: int) -> int:
    """Runs to keep for capacity-matched baselines: at most half, for as many sizes of subsets as that covers.

    What the subsets leave over is theirs as well.
    """
    if study.search.baseline == "full":
        return 0
    n_tasks = len(study.main_names)
    of_a_size = n_tasks * study.search.seeds
    return of_a_size * min(n_tasks - 1, int(_MATCHED_SHARE * left) // of_a_size)


def _with_matched(study: Study, n_runs: int) -> int:
    """So many runs for subsets, and those that are kept for their matched baselines."""
    return next(
        total for total in range(n_runs, 2 * n_runs + 1) if total - _matched_runs(study, total) >= n_runs
    )


def _largest(start: int, fits: Callable[[int], bool]) -> int:
    return next((n for n in range(start, 1, -1) if fits(n)), 0)


def _too_few(study: Study, baselines: int, confirmation: int, n_seeds: int) -> str:
    pairs = n_pairs(study)
    needed = baselines + confirmation + n_seeds
    all_pairs_needed = baselines + confirmation + _with_matched(study, pairs * n_seeds)
    return (
        f"search.runs is {study.search.runs}, but {len(study.main_names)} tasks need at least {needed}: "
        f"{baselines} for the single-task and all-in-one baselines, {confirmation} to confirm the "
        f"finalists with fresh seeds, {n_seeds} for each subset measured. Give "
        f"{all_pairs_needed} to measure all pairs, or lower search.seeds or "
        "search.confirm_seeds"
    )
