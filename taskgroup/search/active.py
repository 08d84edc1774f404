"""The default strategy: measure next what is expected to improve the recommendation most.

A posterior over the gain of every network (`surrogate`) is drawn from; each draw is solved for its best
grouping, and what the solutions hold and nobody measured is a candidate, as are its short runs, where the
search may use them. Of these, the one whose outcome is expected to raise the value of the recommended
grouping most for what it costs is measured (a knowledge gradient). The search ends when even perfect
knowledge is expected to add next to nothing and the best grouping is measured.

Groups are searched in one way of training. At the end, or with the last runs, each network of the grouping
that looks best is measured in the ways next to its own, until no other way looks better. To weigh every
subset in every way from the start was tried: it took twice the runs and found no better recommendations.

References:
    Thompson 1933 for candidates by posterior draws; Frazier 2009, "The knowledge-gradient policy for
    correlated normal beliefs", sec. 2, for the value of a measurement.
"""

from __future__ import annotations

from collections import Counter
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import cache
from typing import final

import numpy as np
from threadpoolctl import ThreadpoolController  # type: ignore[import-untyped]

from taskgroup.errors import InfeasibleError
from taskgroup.search.arm import Arm, at_home
from taskgroup.search.choice import Choice
from taskgroup.search.pool import Places, climb, known_and_open, lists_all
from taskgroup.search.strategy import State, Values
from taskgroup.search.surrogate import Belief, Floats, Functions, Integers, Networks
from taskgroup.spec import Subset

_N_DRAWS = 20
_N_CANDIDATES = 10
_N_OUTCOMES = 12
_N_WEIGHED = 8
_NEGLIGIBLE = 0.002  # of the typical difference that joint training makes
_ROUNDING = 1e-9


@final
class Active:
    """Spends each run where it is expected to improve the recommendation."""

    def propose(self, state: State, n: int) -> list[Arm]:
        """The `n` most useful networks; none where more runs are not expected to pay."""
        if not any(len(arm.subset) > 1 for arm in state.values):
            return at_home(_first_joint(state)[:n])
        try:
            with _one_thread():
                return _proposed(state, n)
        except InfeasibleError:  # whatever is measured, no grouping of it serves all tasks within the limit
            return []

    def expected(self, state: State) -> Values:
        """Posterior means of every network that is considered, single tasks as measured."""
        if not any(len(arm.subset) > 1 for arm in state.values):
            return state.values
        with _one_thread():
            view = _View.of(state)
            view = view.extended(state, view.belief.mean)
        targets = list(enumerate(state.targets))
        return {
            arm: {task: float(view.mean[row, place]) for place, task in targets if task in arm.subset}
            for row, arm in enumerate(view.arms)
        }


def _one_thread() -> AbstractContextManager[object]:
    """The same proposals on any number of cores: how many share a product changes its last digits."""
    limited: AbstractContextManager[object] = _blas().limit(limits=1, user_api="blas")
    return limited


@cache
def _blas() -> ThreadpoolController:
    return ThreadpoolController()


def _first_joint(state: State) -> list[Subset]:
    """Before anything is known of joint training: all tasks together, pairs, what else there is."""
    wanted = [state.targets, *state.subsets(smallest=2, largest=2), *(state.candidates or ())]
    return [
        subset
        for subset in dict.fromkeys(wanted)
        if len(subset) > 1 and subset not in state.at_home and state.allowed(Arm(subset))
    ]


def _proposed(state: State, n: int) -> list[Arm]:
    if _without_effect(state):
        return []
    view = _View.of(state)
    rng = np.random.default_rng([state.seed, len(state.values)])
    draws = view.belief.draw(_N_DRAWS, rng)
    view = view.extended(state, draws)
    drawn = view.valued(view.belief.values_of(draws, view.encoded))
    totals, servers = view.choice.best(drawn)
    other_ways = view.best_in_other_ways(state)
    if view.regret(drawn, totals) < _NEGLIGIBLE * view.typical(state):
        return (view.unmeasured_of_the_best(state) or other_ways)[:n]
    if other_ways and state.n_left <= len(other_ways):
        return other_ways[:n]
    wanted = _ranked(view, servers, state)
    if not wanted:
        return other_ways[:n]
    return _most_useful(view, view.contenders(servers, wanted), wanted, state, n, rng)


def _without_effect(state: State) -> bool:
    """Whether as many joint subsets as tasks were measured and no value differs from the task's alone."""
    joint = [arm for arm in state.values if len(arm.subset) > 1]
    pairs = [
        (value, state.values.get(Arm((task,)), {}).get(task, np.nan))
        for arm in joint
        for task, value in state.values[arm].items()
    ]
    return len(joint) >= len(state.tasks) and all(
        abs(v - alone) <= _ROUNDING * abs(alone) for v, alone in pairs
    )


@dataclass(frozen=True)
class _View:
    """The networks that are considered and what is believed of them.

    Attributes:
        belief: The posterior.
        arms: C networks at full length, single tasks included.
        encoded: The same as numbers.
        choice: Solves for the best grouping among them.
        alone: Value of each served task alone, [T].
        mean: Expected values of the served tasks, [C, T].
        served: The places of the served tasks among all that the belief is about.
    """

    belief: Belief
    arms: list[Arm]
    encoded: Networks
    choice: Choice
    alone: Floats
    mean: Floats
    served: Places

    @classmethod
    def of(cls, state: State) -> _View:
        belief = Belief.of(
            state.tasks,
            state.values,
            ways=state.ways,
            noise=state.noise,
            hints=state.hints,
            seed=state.seed,
        )
        return cls._over(state, belief, known_and_open(state))

    @classmethod
    def _over(cls, state: State, belief: Belief, arms: list[Arm]) -> _View:
        encoded = Networks.of(arms, state.tasks, state.ways)
        n_tasks, served = len(state.targets), _served(state)
        choice = Choice(
            members=encoded.members[:, served],
            weights=np.array([state.importance.get(task, 1.0) for task in state.targets]),
            cost=np.array([state.cost(arm) for arm in arms]),
            max_groups=min(state.limit.max_groups or n_tasks, n_tasks),
            budget=state.limit.budget,
            units=_linked(state),
        )
        alone = belief.reference[served]
        mean = _with_singles(belief.expected(encoded)[None][..., served], encoded, alone)[0]
        return cls(belief, arms, encoded, choice, alone, mean, served)

    def extended(self, state: State, functions: Functions) -> _View:
        """Also consider, where not all networks are listed, what improves each function's best grouping."""
        if lists_all(state):
            return self
        values = self.valued(self.belief.values_of(functions, self.encoded))
        try:
            _, best_servers = self.choice.best(values)
        except InfeasibleError:
            return self
        found: dict[Arm, None] = {}
        for number, servers in enumerate(best_servers):
            one = functions.only(number)
            best = climb(
                self.encoded.take(np.unique(servers)),
                lambda networks, one=one: self.belief.values_of(one, networks)[0],  # type: ignore[misc]
                self.alone,
                self.choice.weights,
                self.served,
            )
            found |= dict.fromkeys(best.arms(state.tasks))
        known = set(self.arms)
        new = [arm for arm in found if arm not in known and len(arm.subset) > 1 and state.allowed(arm)]
        return self._over(state, self.belief, [*self.arms, *new])

    def valued(self, values: Floats) -> Floats:
        """Values of the served tasks [M, C, T] with those of single tasks as measured."""
        return _with_singles(values[..., self.served], self.encoded, self.alone)

    def contenders(self, servers: Integers, wanted: list[int]) -> Integers:
        """Rows that some draw's best grouping holds, or the expected values', or that may be measured."""
        likely = self.choice.best(self.mean[None])[1]
        single = np.flatnonzero(self.encoded.members.sum(axis=1) == 1)
        return np.unique(np.concatenate([servers.ravel(), likely.ravel(), single, np.array(wanted)]))

    def unmeasured_of_the_best(self, state: State) -> list[Arm]:
        """Networks of the grouping that looks best now which were predicted but not measured."""
        rows = np.unique(self.choice.best(self.mean[None])[1])
        return [self.arms[row] for row in rows if self.arms[row] not in state.values]

    def best_in_other_ways(self, state: State) -> list[Arm]:
        """The joint networks of the grouping that looks best, one setting changed, where not measured.

        Networks that were only predicted are left out: they are measured as they were predicted first.
        """
        rows = np.unique(self.choice.best(self.mean[None])[1])
        best = [
            arm for arm in (self.arms[row] for row in rows) if len(arm.subset) > 1 and arm in state.values
        ]
        others = [Arm(arm.subset, way) for arm in best for way in state.ways.neighbours(arm.way)]
        return [arm for arm in others if arm not in state.values and state.allowed(arm)]

    def regret(self, drawn: Floats, totals: Floats) -> float:
        """What perfect knowledge is expected to add to the grouping that looks best now."""
        servers = self.choice.best(self.mean[None])[1][0]
        added = totals - self.choice.total(drawn, servers)
        return float(np.maximum(added, 0.0).mean())  # a choice without proof may miss the better grouping

    def typical(self, state: State) -> float:
        """The importance-weighted difference that joint training typically makes."""
        return float(self.choice.weights @ self.belief.scale[self.served])


def _linked(state: State) -> tuple[tuple[int, ...], ...]:
    """Tasks by place that one network must serve together; nothing where none are linked."""
    units = state.rules.units(state.targets)
    if len(units) == len(state.targets):
        return ()
    return tuple(tuple(state.targets.index(task) for task in unit) for unit in units)


def _served(state: State) -> Places:
    """The places of the served tasks; a slice where all are, which copies nothing."""
    if not state.auxiliary:
        return slice(None)
    return np.array([state.tasks.index(task) for task in state.targets], dtype=np.int64)


def _with_singles(values: Floats, encoded: Networks, alone: Floats) -> Floats:
    single = encoded.members.sum(axis=1) == 1
    return np.where(single[:, None], alone, values)


def _ranked(view: _View, servers: Integers, state: State) -> list[int]:
    """Rows of unmeasured networks by how many tasks they serve over all draws."""
    served = Counter(row for of_draw in servers.tolist() for row in of_draw)
    open_rows = {row: n for row, n in served.items() if view.arms[row] not in state.values}
    return sorted(open_rows, key=lambda row: (-open_rows[row], row))


def _most_useful(
    view: _View, contenders: Integers, wanted: list[int], state: State, n: int, rng: np.random.Generator
) -> list[Arm]:
    """Add one network after the other whose outcome, with those before, is expected to pay most.

    What it pays is the rise of the expected best total for the share of a full run that it costs. After the
    first few, whose outcomes overlap most, a large batch is filled up by rank.
    """
    first = wanted[: max(_N_CANDIDATES, 2 * min(n, _N_WEIGHED))]
    options = [view.arms[row] for row in first]
    options += _short_runs(options, state)
    considered = Networks.of(options, state.tasks, state.ways)
    cost = np.array([state.ways.cost[arm.way] for arm in options])
    encoded, choice = view.encoded.take(contenders), view.choice.among(contenders)
    mean = view.mean[contenders]
    best_total = float(choice.best(mean[None])[0][0])
    chosen: list[int] = []
    while len(chosen) < min(n, _N_WEIGHED, len(options)):
        left = [place for place in range(len(options)) if place not in chosen]
        shifts = view.belief.shifts([[*chosen, place] for place in left], considered, _N_OUTCOMES, rng)
        moved = mean + (view.belief.scale * shifts.at(encoded))[..., view.served]
        totals, _ = choice.best(_with_singles(moved, encoded, view.alone))
        expected = totals.reshape(len(left), _N_OUTCOMES).mean(axis=1)
        best = int(((expected - best_total) / cost[left]).argmax())
        chosen.append(left[best])
        best_total = expected[best]
    weighed = [options[place] for place in chosen]
    return [*weighed, *(arm for row in wanted if (arm := view.arms[row]) not in weighed)][:n]


def _short_runs(arms: list[Arm], state: State) -> list[Arm]:
    """Shorter runs of some networks that were not measured yet."""
    short = [Arm(arm.subset, way) for arm in arms for way in state.ways.short(arm.way)]
    return [arm for arm in short if arm not in state.values and state.allowed(arm)]
