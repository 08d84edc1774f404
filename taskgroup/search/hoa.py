"""The pair-based strategy: measure all pairs, then the larger subsets that their averages promise.

Reference:
    Standley 2020, sec. 4.2, which stops at the prediction; here what is predicted to be part of a better
    grouping than the best measured one is trained before it is believed.
"""

from __future__ import annotations

import heapq
import itertools
from statistics import median
from typing import final

from taskgroup.affinity import PairGains, predict_from_pairs
from taskgroup.grouping import Grouping
from taskgroup.search.arm import Arm, at_home
from taskgroup.search.fixed import open_pairs
from taskgroup.search.strategy import State, Values
from taskgroup.spec import Subset

_ENUMERATED_TASKS = 12  # 2**12 subsets are still solved exactly in a blink
_GROWN = 2000


@final
class HigherOrder:
    """Pairs first, then larger subsets by their predicted place in the best grouping."""

    def propose(self, state: State, n: int) -> list[Arm]:
        """Unmeasured pairs, evenly over tasks; when there are none, promising larger subsets."""
        return at_home((open_pairs(state) or _promising(state, n))[:n])

    def expected(self, state: State) -> Values:
        """Measured values, and averages of pairs for what was not measured."""
        predicted = {Arm(s): values for s, values in _predictions(state, _pairs(state)).items()}
        return {**predicted, **state.served}


def _pairs(state: State) -> dict[tuple[str, str], float]:
    """Measured values of the pairs by (target, source)."""
    return {
        (target, source): values[target]
        for subset, values in state.at_home.items()
        if len(subset) == 2
        for target, source in (subset, subset[::-1])
        if target in values
    }


def _predictions(state: State, pairs: PairGains) -> dict[Subset, dict[str, float]]:
    """Pair-based predictions of the larger subsets that were not measured."""
    predicted = {}
    for subset in _larger(state, pairs):
        if subset in state.at_home:
            continue
        if (values := predict_from_pairs(subset, pairs, riding=state.auxiliary)) is not None:
            predicted[subset] = values
    return predicted


def _typical_error(state: State, pairs: PairGains) -> float:
    """Median absolute error of the predictions of the larger subsets measured so far; 0 without any."""
    errors = [
        abs(measured[task] - predicted[task])
        for subset, measured in state.at_home.items()
        if len(subset) > 2
        and (predicted := predict_from_pairs(subset, pairs, riding=state.auxiliary)) is not None
        for task in measured
    ]
    return median(errors) if errors else 0.0


def _promising(state: State, n: int) -> list[Subset]:
    """Unmeasured subsets of groupings that may beat the best measured one, most promising first.

    Predictions are raised by their typical error on the larger subsets measured so far: where pairs predict
    well, little is worth trying; where they mislead, a prediction of no gain is no reason to stop.
    """
    best = state.best_grouping(state.served)
    pairs = _pairs(state)
    optimism = _typical_error(state, pairs)
    predicted = {
        subset: {task: value + optimism for task, value in values.items()}
        for subset, values in _predictions(state, pairs).items()
    }
    chosen: list[Subset] = []
    while predicted and len(chosen) < n:
        open_arms = {Arm(subset): values for subset, values in predicted.items()}
        grouping = state.best_grouping({**state.served, **open_arms})
        if grouping is None or not _better(grouping, best):
            break
        new = [network.subset for network in grouping.networks if network.subset in predicted]
        chosen += new
        predicted = {subset: values for subset, values in predicted.items() if subset not in new}
    return chosen


def _better(grouping: Grouping, than: Grouping | None) -> bool:
    if than is None:
        return True
    return grouping.select_total > than.select_total + 1e-9 * abs(than.select_total)


def _larger(state: State, pairs: PairGains) -> list[Subset]:
    if state.candidates is not None:
        return [subset for subset in state.candidates if len(subset) > 2 and state.allowed(Arm(subset))]
    if len(state.tasks) <= _ENUMERATED_TASKS:
        return list(state.subsets(smallest=3, largest=len(state.tasks)))
    return _grown(state, pairs)


def _grown(state: State, pairs: PairGains) -> list[Subset]:
    """Too many to list: grow subsets task by task, keeping for every task the best that hold it.

    Were only the best of all kept, the most agreeable tasks would fill the list and no others find a group.
    """
    tasks, place = state.tasks, {task: i for i, task in enumerate(state.tasks)}
    width = max(1, _GROWN // len(tasks) ** 2)
    both = {(a, b): value + pairs.get((b, a), 0.0) for (a, b), value in pairs.items()}
    found: dict[Subset, None] = {}
    front: dict[Subset, float] = {
        pair: both[pair] for pair in itertools.combinations(tasks, 2) if pair in both
    }
    while front:
        grown: dict[Subset, float] = {}
        for (subset, total), task in itertools.product(front.items(), tasks):
            larger = tuple(sorted({*subset, task}, key=place.__getitem__))
            if task not in subset and larger not in grown:
                grown[larger] = total + sum(both.get((task, member), 0.0) for member in subset)
        front = _best_of_every_task(grown, tasks, width)
        found |= dict.fromkeys(subset for subset in front if state.allowed(Arm(subset)))
    return list(found)


def _best_of_every_task(totals: dict[Subset, float], tasks: Subset, n: int) -> dict[Subset, float]:
    """For each task, the `n` subsets with it that have the largest totals."""
    best: dict[Subset, float] = {}
    for task in tasks:
        own = [subset for subset in totals if task in subset]
        best |= {subset: totals[subset] for subset in heapq.nlargest(n, own, key=totals.__getitem__)}
    return best
