"""Dividing the runs of a search over its stages, before the first is trained."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from taskgroup.errors import InputError
from taskgroup.search.dimensions import tuning_runs
from taskgroup.search.strategy import ServingLimit
from taskgroup.spec import Study

_SEEDS_APART = 1_000_000
_FRESH_FROM = 500_000
_MIN_CONFIRM_SEEDS = 5
_TUNING_SHARE = 0.3
_MAX_PROPOSALS = 12
_MAX_TUNING_SEEDS = 2
MAX_FINALISTS = 2


@dataclass(frozen=True)
class Plan:
    """What each stage may spend.

    Attributes:
        seeds: Paired repetitions of everything that is compared in the search.
        fresh_seeds: Repetitions of the finalists and baselines, used for nothing else.
        tuning_seeds: Repetitions of each tuned recipe.
        n_proposals: Recipes tried for single tasks.
        n_subsets: Subsets that may be measured beyond single tasks and all-in-one.
        n_runs: The most network trainings in all.
    """

    seeds: tuple[int, ...]
    fresh_seeds: tuple[int, ...]
    tuning_seeds: tuple[int, ...]
    n_proposals: int
    n_subsets: int
    n_runs: int


def make_plan(study: Study, *, n_proposals: int | None = None) -> Plan:
    """Divide `search.runs`: baselines and confirmation first, then tuning, the rest for subsets.

    Args:
        study: Its search settings.
        n_proposals: What a search that goes on with another budget had planned at first, so that it
            keeps its recipes and with them its runs.

    Raises:
        InputError: If the runs cannot cover the baselines, a few pairs and the confirmation.
    """
    search, n_tasks = study.search, len(study.tasks)
    first = study.seed * _SEEDS_APART
    seeds = tuple(range(first, first + search.seeds))
    n_fresh = search.confirm_seeds or max(search.seeds, _MIN_CONFIRM_SEEDS)
    fresh = tuple(range(first + _FRESH_FROM, first + _FRESH_FROM + n_fresh))
    tuning = seeds[:_MAX_TUNING_SEEDS]
    baselines = (n_tasks + 1) * len(seeds)
    confirmation = (n_tasks + 1 + MAX_FINALISTS * _networks_at_most(study)) * n_fresh
    left = search.runs - baselines - confirmation
    if left < len(seeds):
        raise InputError(_too_few(study, baselines, confirmation, len(seeds)))
    if n_proposals is None:
        share = _TUNING_SHARE * left
        n_proposals = _largest(_MAX_PROPOSALS, lambda n: tuning_runs(study, n, len(tuning)) <= share)
    left = max(left - tuning_runs(study, n_proposals, len(tuning)), 0)
    possible = 2**n_tasks - n_tasks - 2
    n_subsets = min(left // len(seeds), possible)
    return Plan(seeds, fresh, tuning, n_proposals, n_subsets, search.runs)


def serving_limit(study: Study) -> ServingLimit:
    """The study's limit on the recommended grouping."""
    return ServingLimit(study.grouping.max_groups, study.grouping.budget)


def _networks_at_most(study: Study) -> int:
    """How many networks of two or more tasks a finalist can have that still need fresh runs."""
    disjoint = len(study.tasks) // 2
    return max(1, min(study.grouping.max_groups or disjoint + 1, disjoint + 1))


def _largest(start: int, fits: Callable[[int], bool]) -> int:
    return next((n for n in range(start, 1, -1) if fits(n)), 0)


def _too_few(study: Study, baselines: int, confirmation: int, n_seeds: int) -> str:
    pairs = len(study.tasks) * (len(study.tasks) - 1) // 2
    needed = baselines + confirmation + n_seeds
    return (
        f"search.runs is {study.search.runs}, but {len(study.tasks)} tasks need at least {needed}: "
        f"{baselines} for the single-task and all-in-one baselines, {confirmation} to confirm the "
        f"finalists with fresh seeds, {n_seeds} for each subset measured. Give "
        f"{needed + (pairs - 1) * n_seeds} to measure all pairs, or lower search.seeds or "
        "search.confirm_seeds"
    )
