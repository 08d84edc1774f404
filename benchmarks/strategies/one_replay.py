"""One replay of one strategy: its curve, what it promised and what that was worth, and its calibration.

Shares are of the achievable gain: 0 is all tasks in one network, 1 the best grouping by the scores themselves.
"""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import final

import numpy as np

from benchmarks.strategies.cases import Budgets, Case, Scoring
from benchmarks.strategies.simulators import Floats
from taskgroup.search import ReplaySettings, replay_strategy, strategy_named
from taskgroup.search.arm import Arm, at_home
from taskgroup.search.replay import MeasuredTable, chosen, row_order
from taskgroup.search.strategy import State, Strategy, SubsetValues, Values
from taskgroup.search.surrogate import Belief, Networks
from taskgroup.spec import Subset

STRATEGIES = ("active", "hoa", "pairs", "random", "exhaustive")
_CALIBRATED = ("active", "random")
_N_DRAWS = 200
_MOST_PREDICTED = 300  # subsets whose cells are predicted; a random choice of them where there are more
_INTERVAL = (0.05, 0.95)


@dataclass(frozen=True)
class Job:
    """One replay to do."""

    case: Case
    scoring: Scoring
    networks: int
    strategy: str
    seed: int

    @property
    def key(self) -> tuple[str, str, int, str, int]:
        """What tells its result from others."""
        return (self.case.name, self.scoring, self.networks, self.strategy, self.seed)


@dataclass(frozen=True)
class Calibration:
    """How often the posterior's 90% intervals hold what they are of.

    Attributes:
        runs: Coverage of what a run of an unmeasured subset would show, the posterior's noise added.
        values: Coverage of what the replay scores by, without noise; NaN where that is on other rows.
        differences: Coverage, at seeds that were not shown, of what a run would show beside the task's mean over
            the unmeasured subsets; NaN where no seeds are left. What a seed does to all subsets alike cancels.
        n_cells: Cells predicted.
    """

    runs: float = math.nan
    values: float = math.nan
    differences: float = math.nan
    n_cells: int = 0


@dataclass(frozen=True)
class Outcome:
    """What one replay gave.

    Attributes:
        gap: Achievable gain over the baseline, in the table's units.
        stopped: Distinct subsets after which the strategy ended by itself or the budget did.
        curve: Share by distinct subsets, [runs], from `first` on.
        first: Distinct subsets of the curve's first entry.
        predicted: Share that the strategy expected of its grouping at the main budget.
        realised: Share that this grouping has, on the rows that the strategy chose by.
        calibration: Of the posterior at the main budget.
        seconds: Processor time of the replay.
    """

    gap: float
    stopped: int
    curve: Floats
    first: int
    predicted: float
    realised: float
    calibration: Calibration = field(default_factory=Calibration)
    seconds: float = 0.0


@final
class _Watched:
    """A strategy whose last state within a number of subsets is kept."""

    def __init__(self, strategy: Strategy, budget: int) -> None:
        self._strategy, self._budget = strategy, budget
        self.measured: Values = {}
        self.expects: SubsetValues = {}
        self.noise: Mapping[str, float] = {}

    def propose(self, state: State, n: int) -> list[Arm]:
        return self._strategy.propose(state, n)

    def expected(self, state: State) -> Values:
        expects = self._strategy.expected(state)
        if len(state.values) <= self._budget:
            self.measured, self.noise = dict(state.values), dict(state.noise)
            self.expects = {arm.subset: of_tasks for arm, of_tasks in expects.items()}
        return expects


def replay_once(job: Job) -> Outcome:
    """Do one replay."""
    started = time.process_time()
    table = job.case.table(job.scoring, job.seed)
    budgets, repeats = Budgets.of_case(job.case), job.case.repeats(job.scoring)
    whole = job.strategy == "exhaustive"
    last = len(table.subsets) if whole else min(budgets.last(job.strategy), len(table.subsets))
    settings = ReplaySettings(runs=last * repeats, groups=job.networks, repeats=repeats)
    watched = _Watched(strategy_named(job.strategy), last if whole else budgets.of[budgets.main])
    replay = replay_strategy(table, watched, settings, seeds=[job.seed])
    scores = table.sign * replay.scores["score"].to_numpy()
    baseline = table.sign * replay.baseline
    gap = _worth(table.report, chosen(table.report, table.tasks, settings)) - baseline
    shares = (scores - baseline) / gap if gap > 1e-12 else np.full(len(scores), np.nan)
    first = int(replay.scores["runs"].iloc[0]) // repeats
    predicted, realised = _promise(table, watched.expects, settings)
    return Outcome(
        gap=gap,
        stopped=replay.stopped[0] // repeats,
        curve=shares[-1:] if whole else shares,
        first=last if whole else first,
        predicted=predicted / gap if gap > 1e-12 else math.nan,
        realised=realised / gap if gap > 1e-12 else math.nan,
        calibration=_calibration(table, watched, job) if job.strategy in _CALIBRATED else Calibration(),
        seconds=time.process_time() - started,
    )


def _worth(values: SubsetValues, serving: Mapping[str, Subset]) -> float:
    return math.fsum(values[subset][task] for task, subset in serving.items()) / len(serving)


def _promise(table: MeasuredTable, expects: SubsetValues, settings: ReplaySettings) -> tuple[float, float]:
    """Expected and realised gain over all-in-one, both against its mean over all rows.

    Validation and test rows differ in level: each task's scores are moved by its mean difference over all
    subsets, so that what is left is the optimism of the choice.
    """
    means = _row_means(table)
    serving = chosen(expects, table.tasks, settings)
    together = dict.fromkeys(table.tasks, table.tasks)
    level = {
        task: float(np.mean([means[s][task] - table.report[s][task] for s in means if task in s]))
        for task in table.tasks
    }
    reference = _worth(means, together)
    moved = math.fsum(level.values()) / len(level)
    return _worth(expects, serving) - reference, _worth(table.report, serving) + moved - reference


def _row_means(table: MeasuredTable) -> dict[Subset, dict[str, float]]:
    return {
        subset: {task: float(np.mean([row[task] for row in rows])) for task in subset}
        for subset, rows in table.select.items()
    }


def _calibration(table: MeasuredTable, watched: _Watched, job: Job) -> Calibration:
    rng = np.random.default_rng([job.seed, 3])
    unseen = [s for s in table.subsets if len(s) > 1 and Arm(s) not in watched.measured]
    if not unseen:
        return Calibration()
    unseen = [unseen[i] for i in rng.permutation(len(unseen))[:_MOST_PREDICTED]]
    belief = Belief.of(table.tasks, watched.measured, noise=watched.noise, seed=job.seed)
    drawn = belief.values_of(belief.draw(_N_DRAWS, rng), Networks.of(at_home(unseen), table.tasks))
    spread = belief.scale * np.sqrt(belief.posterior.noise * belief.relative_noise)
    noisy = drawn + spread * rng.normal(size=drawn.shape)
    repeats = job.case.repeats(job.scoring)
    runs = _cells([table.select[s] for s in unseen], table.tasks, rng, repeats)
    truth = _cells([[table.report[s]] for s in unseen], table.tasks, rng, 1)
    same_rows = job.scoring == "self" or job.case.folder is None
    return Calibration(
        runs=_coverage(noisy, runs),
        values=_coverage(drawn, truth) if same_rows else math.nan,
        differences=_coverage_of_differences(noisy, [table.select[s] for s in unseen], table, job),
        n_cells=int(np.isfinite(runs).sum()),
    )


def _coverage_of_differences(
    noisy: Floats, rows: Sequence[Sequence[Mapping[str, float]]], table: MeasuredTable, job: Job
) -> float:
    repeats, n_rows = job.case.repeats(job.scoring), min(map(len, rows))
    others = row_order(table, job.seed)[repeats : 2 * repeats]
    if len(others) < repeats or max(map(len, rows)) != n_rows:
        return math.nan
    seen = [[of_subset[place] for place in others] for of_subset in rows]
    cells = _cells(seen, table.tasks, np.random.default_rng(0), repeats)
    member = np.isfinite(cells)
    centred = cells - np.nanmean(np.where(member, cells, np.nan), axis=0)
    drawn = noisy - np.nanmean(np.where(member, noisy, np.nan), axis=1, keepdims=True)
    return _coverage(drawn, centred)


def _cells(
    rows: Sequence[Sequence[Mapping[str, float]]], tasks: Subset, rng: np.random.Generator, repeats: int
) -> Floats:
    """Mean of some rows of each subset, [C, T]; NaN for tasks outside it."""
    found = np.full((len(rows), len(tasks)), np.nan)
    for place, of_subset in enumerate(rows):
        shown = [of_subset[i] for i in rng.permutation(len(of_subset))[:repeats]]
        for column, task in enumerate(tasks):
            if task in shown[0]:
                found[place, column] = np.mean([row[task] for row in shown])
    return found


def _coverage(drawn: Floats, cells: Floats) -> float:
    low, high = np.quantile(drawn, _INTERVAL, axis=0)
    known = np.isfinite(cells)
    return float(np.mean((cells >= low)[known] & (cells <= high)[known]))
