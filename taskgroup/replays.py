"""Replaying search strategies on tables of measured groupings, in Python."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from numbers import Integral, Real
from pathlib import Path
from typing import Any, final, get_args

import pandas as pd

from taskgroup.errors import InputError, nearest
from taskgroup.search import (
    DEFAULT_STRATEGY,
    Columns,
    Replay,
    ReplaySettings,
    read_measured,
    replay_strategy,
    strategy_named,
)
from taskgroup.spec import Direction, Subset, subset_from_name

_MOST_RUNS = 100_000


@final
@dataclass(frozen=True)
class ReplayResult:
    """What replays of one strategy realised.

    Attributes:
        strategy: Its name.
        groups: The most networks.
        seeds: How many replays.
        columns: What was read.
        replay: Scores and what they compare with.
    """

    strategy: str
    groups: int
    seeds: int
    columns: Columns
    replay: Replay

    @property
    def curve(self) -> pd.DataFrame:
        """One row a number of runs: runs, score (mean over replays), low, high (95%), share.

        The score is the importance-weighted mean over tasks of the report columns; `share` is the share of
        the achievable gain over the better baseline.
        """
        return self.replay.curve

    @property
    def scores(self) -> pd.DataFrame:
        """One row a replay and number of runs: seed, runs, score."""
        return self.replay.scores

    @property
    def baseline(self) -> float:
        """Score of the better baseline within the limit: all in one network, or every task alone."""
        return self.replay.baseline

    @property
    def achievable(self) -> float:
        """Score of the grouping that is best by all rows of the select columns."""
        return self.replay.achievable

    @property
    def stopped(self) -> tuple[int, ...]:
        """The runs after which each replay ended."""
        return self.replay.stopped


def replay(
    table: pd.DataFrame | str | Path,
    *,
    strategy: str = DEFAULT_STRATEGY,
    runs: int | None = None,
    groups: int = 3,
    seeds: int = 20,
    seed: int = 0,
    select: str | None = None,
    report: str | None = None,
    direction: Direction | None = None,
    repeats: int = 1,
    noise: float = 0.0,
    candidates: Sequence[Sequence[str]] | None = None,
    importance: Mapping[str, float] | None = None,
) -> ReplayResult:
    """Replay a strategy on a table of measured groupings, revealing rows only as it asks for them.

    Args:
        table: What `group` reads, as a DataFrame or a path; several rows of one subset are its seeds.
        strategy: `active`, `hoa`, `pairs`, `random` or `exhaustive`.
        runs: The most rows revealed; what single tasks and all pairs would take by default.
        groups: At most so many networks.
        seeds: How many replays, each with its own order of rows and its own draws.
        seed: The first replay's seed.
        select: Template of the columns that the strategy sees, such as ``val_{task}``; found by default.
        report: Template of the columns of the realised score; the test twin of `select` by default.
        direction: Whether small or large values are better; read off the column names by default.
        repeats: Rows of each subset revealed together, each of which counts as a run.
        noise: Noise added to each revealed row, as a share of the task's standard deviation over subsets.
        candidates: The only subsets to use; all rows by default.
        importance: Weight of each task in the score, 1 by default.

    Raises:
        InputError: If the table or an argument is wrong.
    """
    if not isinstance(strategy, str):
        raise InputError(f"strategy is {strategy!r:.80}; give its name, such as '{DEFAULT_STRATEGY}'")
    chosen = strategy_named(strategy)
    numbers = {"groups": groups, "seeds": seeds, "repeats": repeats, "runs": 1 if runs is None else runs}
    for name, value in numbers.items():
        if not isinstance(value, Integral) or isinstance(value, bool) or value < 1:
            raise InputError(f"{name} is {value!r}; give a whole number, at least 1")
    if numbers["runs"] > _MOST_RUNS:
        raise InputError(f"runs is {runs}; give at most {_MOST_RUNS}, for a table has no more rows to reveal")
    if not isinstance(noise, Real) or not 0 <= noise < float("inf"):
        raise InputError(f"noise is {noise!r}; give a finite number, at least 0")
    if not isinstance(seed, Integral) or isinstance(seed, bool) or seed < 0:
        raise InputError(f"seed is {seed!r}; give a whole number, at least 0")
    if direction is not None and direction not in get_args(Direction):
        raise InputError(f"direction is {direction!r}; {nearest(direction, get_args(Direction))}")
    wanted = None if candidates is None else _subsets(candidates)
    measured, columns = read_measured(
        table, select=select, report=report, direction=direction, candidates=wanted
    )
    _check_importance(importance or {}, measured.tasks)
    n_tasks = len(measured.tasks)
    settings = ReplaySettings(
        runs=repeats * n_tasks * (n_tasks + 1) // 2 if runs is None else runs,
        groups=groups,
        repeats=repeats,
        noise=noise,
        importance=dict(importance or {}),
    )
    result = replay_strategy(measured, chosen, settings, seeds=range(seed, seed + seeds))
    return ReplayResult(strategy, groups, seeds, columns, result)


def _check_importance(importance: Mapping[str, float], tasks: Subset) -> None:
    if not isinstance(importance, Mapping):
        raise InputError(f"importance is {importance!r:.80}; give a dict from task names to weights")
    for task, weight in importance.items():
        if task not in tasks:
            raise InputError(f"importance names the unknown task {task!r}; {nearest(task, tasks)}")
        if not isinstance(weight, Real) or not 0 < weight < float("inf"):
            raise InputError(f"importance of {task!r} is {weight!r}; give a finite number above 0")


def _subsets(candidates: Any) -> list[Subset]:
    if not isinstance(candidates, Iterable):
        raise InputError(f"candidates is {candidates!r:.80}; give a list of lists of task names")
    listed = [candidates] if isinstance(candidates, str) else list(candidates)
    if not listed:
        raise InputError("candidates is empty; give at least one list of task names, or leave it out")
    return [_names(subset) for subset in listed]


def _names(subset: Any) -> Subset:
    if not isinstance(subset, Iterable):
        raise InputError(f"candidates hold {subset!r:.80}, which is no list of task names")
    return subset_from_name(subset) if isinstance(subset, str) else tuple(subset)
