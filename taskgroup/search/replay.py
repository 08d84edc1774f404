"""Replaying strategies on a table of measured groupings: rows are revealed only as a strategy asks for them.

So strategies are compared on the same numbers, without training anything, as often as one likes.

Shape letters: `S` replays, `N` runs.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import pandas as pd
from scipy import stats

from taskgroup.errors import InfeasibleError, InputError
from taskgroup.search.analysis import paired_noise
from taskgroup.search.arm import Arm, at_home
from taskgroup.search.choice import Choice
from taskgroup.search.strategy import ServingLimit, State, Strategy, SubsetValues, batch_size
from taskgroup.search.surrogate import Floats, Networks
from taskgroup.spec import Subset

_LEVEL = 0.95


@dataclass(frozen=True)
class MeasuredTable:
    """Measured values of subsets, higher is better.

    Attributes:
        tasks: All tasks.
        select: For each subset the rows that can be revealed, each with a value for every task of it.
        report: For each subset what serving its tasks by it is really worth.
        sign: 1, or -1 where the table's own values are losses.
    """

    tasks: Subset
    select: Mapping[Subset, Sequence[Mapping[str, float]]]
    report: SubsetValues
    sign: float = 1.0

    @property
    def subsets(self) -> tuple[Subset, ...]:
        """All subsets with rows."""
        return tuple(self.select)

    @property
    def is_complete(self) -> bool:
        """Whether every subset of the tasks has a row."""
        return len(self.select) == (1 << len(self.tasks)) - 1

    @cached_property
    def spread(self) -> dict[str, float]:
        """Standard deviation of each task's values over subsets of two or more; 0 without any."""
        values: dict[str, list[float]] = {task: [] for task in self.tasks}
        for subset, rows in self.select.items():
            for task in subset if len(subset) > 1 else ():
                values[task].append(rows[0][task])
        return {task: float(np.std(of_task)) if of_task else 0.0 for task, of_task in values.items()}


@dataclass(frozen=True)
class ReplaySettings:
    """How a table is replayed.

    Attributes:
        runs: The most rows revealed.
        groups: At most so many networks.
        repeats: Rows of each subset that are revealed together and averaged, as seeds would be.
        noise: Standard deviation of noise added to each revealed row, as a share of the task's spread.
        importance: Weight of each task in the score.
    """

    runs: int
    groups: int
    repeats: int = 1
    noise: float = 0.0
    importance: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Replay:
    """What replays of one strategy realised.

    Attributes:
        scores: One row a replay and number of runs: seed, runs, score, which is NaN as long as nothing that
            was revealed serves every task within the limit.
        baseline: Score of the better baseline within the limit: all in one network, or every task alone.
        achievable: Score of the best grouping of all rows, chosen as a strategy would that saw them all.
        sign: 1 where large scores are better, else -1.
        stopped: The runs after which each replay ended by itself; the full number where it did not.
    """

    scores: pd.DataFrame
    baseline: float
    achievable: float
    stopped: tuple[int, ...]
    sign: float = 1.0

    @cached_property
    def curve(self) -> pd.DataFrame:
        """One row a number of runs: runs, score (mean), low, high (95% over replays), share.

        `share` is the share of the achievable gain over the baseline; NaN where there is none.
        """
        by_runs = self.scores.groupby("runs")["score"]
        table = pd.DataFrame({"score": by_runs.mean(), "sd": by_runs.std(ddof=1), "n": by_runs.count()})
        quantile = stats.t.ppf(0.5 + _LEVEL / 2, np.maximum(table["n"] - 1, 1))
        half = np.where(table["n"] > 1, quantile * table["sd"].fillna(0.0) / np.sqrt(table["n"]), np.nan)
        table = table.assign(
            low=table["score"] - half, high=table["score"] + half, share=self.share(table["score"])
        )
        return table.drop(columns=["sd", "n"]).reset_index()

    def share(self, score: pd.Series) -> pd.Series:
        """Scores as shares of the achievable gain over the baseline."""
        gap = self.achievable - self.baseline
        return (score - self.baseline) / gap if self.sign * gap > 1e-12 else score * math.nan


def replay_strategy(
    table: MeasuredTable, strategy: Strategy, settings: ReplaySettings, *, seeds: Sequence[int]
) -> Replay:
    """Replay a strategy once for each seed.

    Raises:
        InputError: If the runs do not cover single tasks and all-in-one, or rows to repeat are missing.
        InfeasibleError: If not even all rows together serve every task within the limit.
    """
    first = _first(table)
    _check(table, settings, first)
    baseline, achievable = _baseline(table, settings), _achievable(table, settings)
    realised, stopped = [], []
    for seed in seeds:
        one = _OneReplay(table, strategy, settings, seed)
        one.run(first)
        realised += [(seed, n, score) for n, score in one.scores]
        stopped.append(one.stopped)
    return Replay(
        pd.DataFrame(realised, columns=["seed", "runs", "score"]),
        table.sign * baseline,
        table.sign * achievable,
        tuple(stopped),
        table.sign,
    )


def row_order(table: MeasuredTable, seed: int) -> list[int]:
    """The places of rows in the order in which a replay reveals them, the same for every subset."""
    order: list[int] = (
        np.random.default_rng([seed, 1]).permutation(max(map(len, table.select.values()))).tolist()
    )
    return order


class _OneReplay:
    def __init__(self, table: MeasuredTable, strategy: Strategy, settings: ReplaySettings, seed: int) -> None:
        self._table, self._strategy, self._settings, self._seed = table, strategy, settings, seed
        self._values: dict[Subset, dict[str, float]] = {}
        self._order = row_order(table, seed)
        self._noise = np.random.default_rng([seed, 2])
        self._shown: dict[Subset, list[dict[str, float]]] = {}
        self.scores: list[tuple[int, float]] = []
        self.stopped = settings.runs // settings.repeats * settings.repeats

    def run(self, first: Sequence[Subset]) -> None:
        """Reveal the baselines, then what the strategy asks for; note the score after each run."""
        for subset in first:
            self._reveal(subset)
        self._score()
        total = self._settings.runs // self._settings.repeats
        while (n_left := total - len(self._values)) > 0:
            batch = self._strategy.propose(
                self._state(n_left), min(n_left, batch_size(len(self._table.tasks), len(self._values)))
            )
            if not batch:
                self.stopped = len(self._values) * self._settings.repeats
                break
            for arm in batch:
                self._reveal(arm.subset)
            self._score()
        self._fill(total)

    def _fill(self, total: int) -> None:
        """A batch is scored when it is complete, and an early end keeps its score."""
        known, repeats = dict(self.scores), self._settings.repeats
        filled, last = [], self.scores[0][1]
        for n in range(self.scores[0][0] // repeats, total + 1):
            last = known.get(n * repeats, last)
            filled.append((n * repeats, last))
        self.scores = filled

    def _reveal(self, subset: Subset) -> None:
        rows = self._table.select[subset]
        places = [place for place in self._order if place < len(rows)][: self._settings.repeats]
        shown = [{task: rows[place][task] + self._noise_of(task) for task in subset} for place in places]
        self._shown[subset] = shown
        self._values[subset] = {task: float(np.mean([row[task] for row in shown])) for task in subset}

    def _noise_of_means(self) -> dict[str, float]:
        """As `seed_noise`: rows at the same place count as the same seed."""
        found = {}
        for task in self._table.tasks if self._settings.repeats > 1 else ():
            joint = [rows for subset, rows in self._shown.items() if task in subset and len(subset) > 1]
            if len(joint) > 1:
                found[task] = paired_noise(np.array([[row[task] for row in rows] for rows in joint]))
        return found

    def _noise_of(self, task: str) -> float:
        size = self._settings.noise
        return float(self._noise.normal() * size * self._table.spread[task]) if size else 0.0

    def _state(self, n_left: int) -> State:
        return State(
            tasks=self._table.tasks,
            values={Arm(subset): of_tasks for subset, of_tasks in self._values.items()},
            importance=self._settings.importance,
            limit=ServingLimit(max_groups=self._settings.groups),
            cost=lambda _: 1.0,
            n_left=n_left,
            allowed=lambda arm: arm.subset in self._table.select and arm.subset not in self._values,
            candidates=None if self._table.is_complete else self._table.subsets,
            noise=self._noise_of_means(),
            seed=self._seed,
        )

    def _score(self) -> None:
        expected = self._strategy.expected(self._state(0))
        values = {arm.subset: of_tasks for arm, of_tasks in expected.items()}
        try:
            serving = chosen(values, self._table.tasks, self._settings)
            score = _worth(self._table.report, serving, self._settings.importance)
        except InfeasibleError:  # so far nothing serves every task within the limit
            score = math.nan
        self.scores.append((len(self._values) * self._settings.repeats, self._table.sign * score))


def chosen(values: SubsetValues, tasks: Subset, settings: ReplaySettings) -> dict[str, Subset]:
    """Which subset serves each task in the best grouping by some values."""
    subsets = list(values)
    encoded = Networks.of(at_home(subsets), tasks)
    choice = Choice(
        members=encoded.members,
        weights=np.array([settings.importance.get(task, 1.0) for task in tasks]),
        cost=np.ones(len(subsets)),
        max_groups=min(settings.groups, len(tasks)),
    )
    table: Floats = np.array([[values[s].get(task, -np.inf) for task in tasks] for s in subsets])
    _, servers = choice.best(table[None])
    return {task: subsets[row] for task, row in zip(tasks, servers[0], strict=True)}


def _worth(values: SubsetValues, serving: Mapping[str, Subset], importance: Mapping[str, float]) -> float:
    """Importance-weighted mean over tasks."""
    weights = {task: importance.get(task, 1.0) for task in serving}
    total = math.fsum(weights[task] * values[subset][task] for task, subset in serving.items())
    return total / math.fsum(weights.values())


def _first(table: MeasuredTable) -> list[Subset]:
    """Single tasks and all-in-one, where they have rows."""
    wanted: list[Subset] = [*((task,) for task in table.tasks), table.tasks]
    return [subset for subset in dict.fromkeys(wanted) if subset in table.select]


def _check(table: MeasuredTable, settings: ReplaySettings, first: Sequence[Subset]) -> None:
    if settings.repeats * len(first) > settings.runs:
        raise InputError(
            f"runs is {settings.runs}, but single tasks and all-in-one alone take "
            f"{settings.repeats * len(first)}; give at least that many"
        )
    for subset, rows in table.select.items():
        if len(rows) < settings.repeats:
            raise InputError(
                f"repeats is {settings.repeats}, but subset '{'+'.join(subset)}' has {len(rows)} "
                f"row{'' if len(rows) == 1 else 's'}; "
                f"give at most {min(map(len, table.select.values()))}"
            )
    served = {task for subset in first for task in subset}
    missing = [task for task in table.tasks if task not in served]
    if missing:
        raise InputError(f"the table has neither task {missing[0]!r} alone nor all tasks together; add one")


def _baseline(table: MeasuredTable, settings: ReplaySettings) -> float:
    groups = [dict.fromkeys(table.tasks, table.tasks)] if table.tasks in table.select else []
    alone = [(task,) for task in table.tasks]
    if settings.groups >= len(table.tasks) and all(subset in table.select for subset in alone):
        groups.append({task: (task,) for task in table.tasks})
    worths = [_worth(table.report, serving, settings.importance) for serving in groups]
    return max(worths, default=math.nan)


def _achievable(table: MeasuredTable, settings: ReplaySettings) -> float:
    means = {
        subset: {task: float(np.mean([row[task] for row in rows])) for task in subset}
        for subset, rows in table.select.items()
    }
    serving = chosen(means, table.tasks, settings)
    return _worth(table.report, serving, settings.importance)
