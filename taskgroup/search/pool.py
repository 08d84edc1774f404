"""Which networks a search considers: all of them for few tasks, otherwise those that may matter.

Shape letters: `M` functions, `K` networks, `T` tasks.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, final

import numpy as np
from numpy.typing import NDArray

from taskgroup.search.arm import Arm
from taskgroup.search.strategy import State, subsets_of
from taskgroup.search.surrogate import Floats, Integers, Networks
from taskgroup.spec import Subset

ENUMERATED_TASKS = 10  # 2**10 subsets of ten tasks: 5,000 cells to predict
_N_RANDOM = 300
_SHARES = (0.1, 0.2, 0.4, 0.6)
_STEPS = 200  # never needed; a bound
_NEVER = -1e15  # finite, so that sums over tasks still compare

Values = Callable[[Networks], Floats]
"""Values of one function at networks, [C, T]."""

Places = Integers | slice
"""Places of the tasks that are served."""


def lists_all(state: State) -> bool:
    """Whether there are few enough subsets to list them all."""
    return state.candidates is not None or len(state.tasks) <= ENUMERATED_TASKS


def known_and_open(state: State) -> list[Arm]:
    """What was measured, and every subset in the first way, where there are few enough to list."""
    if state.candidates is not None:
        listed: Iterable[Subset] = state.candidates
    elif lists_all(state):
        listed = subsets_of(state.tasks, smallest=2, largest=len(state.tasks))
    else:
        listed = _some(state)
    measured = (arm for arm in state.served if state.rules.allow(arm.subset))
    return list(dict.fromkeys([*measured, *filter(state.allowed, map(Arm, listed))]))


def _some(state: State) -> list[Subset]:
    """Random subsets of several sizes."""
    rng = np.random.default_rng([state.seed, len(state.values)])
    drawn = rng.random((_N_RANDOM, len(state.tasks))) < rng.choice(_SHARES, size=(_N_RANDOM, 1))
    if Arm(state.targets) not in state.values:  # with each subset's rest, two networks can serve all tasks
        drawn = np.concatenate([drawn, ~drawn])
    return [as_subset(row, state.tasks) for row in drawn if row.sum() > 1]


def as_subset(members: NDArray[Any], tasks: Subset) -> Subset:
    """The tasks with a nonzero entry."""
    return tuple(task for task, member in zip(tasks, members, strict=True) if member)


def climb(
    networks: Networks, values: Values, alone: Floats, weights: Floats, served: Places = slice(None)
) -> Networks:
    """Improve some networks by one change of one network at a time, the best change first.

    A change adds a task, drops one, or drops all that the network does not serve; ways stay as they are.

    Args:
        networks: K networks to start from.
        values: Values of networks of two or more tasks.
        alone: Value of each served task in a network of its own.
        weights: Importance of each served task.
        served: The places of these among the tasks; all by default.

    Returns:
        The networks that no single change improves.
    """
    known = _Remembered(values)

    def worth(rows: Networks) -> Floats:
        single = rows.members.sum(axis=1, keepdims=True) == 1
        found = np.where(single, alone, known(rows)[:, served])
        return np.where(rows.members[:, served] > 0, found * weights, _NEVER)

    for _ in range(_STEPS):
        now = worth(networks)
        changed, place = _changes(networks, now, served)
        totals = np.maximum(worth(changed), _best_of_others(now)[place]).sum(axis=1)
        best = int(totals.argmax())
        current = now.max(axis=0).sum()
        if totals[best] <= current + 1e-9 * abs(current):
            break
        networks = networks.replaced(int(place[best]), changed.take([best]))
    return networks


@final
class _Remembered:
    """Values of networks, computed once each: a step of `climb` meets mostly those of the step before.

    Args:
        values: Computes them.
    """

    def __init__(self, values: Values) -> None:
        self._values = values
        self._known: dict[bytes, Floats] = {}

    def __call__(self, networks: Networks) -> Floats:
        """Values, [C, T]."""
        held = np.column_stack([networks.members, networks.way])
        keys = [row.tobytes() for row in held]
        new = {key: row for row, key in enumerate(keys) if key not in self._known}
        if new:
            found = self._values(networks.take(list(new.values())))
            self._known |= dict(zip(new, found, strict=True))
        return np.stack([self._known[key] for key in keys])


def _changes(networks: Networks, worth: Floats, served: Places) -> tuple[Networks, Integers]:
    """Every change of one network: the changed networks, N of them, and their places [N]."""
    members = networks.members
    n_networks, n_tasks = members.shape
    flipped = np.repeat(members, n_tasks, axis=0)
    row = np.arange(len(flipped))
    flipped[row, row % n_tasks] = 1 - flipped[row, row % n_tasks]
    serving = np.zeros(members.shape)
    serving[:, served] = worth.argmax(axis=0) == np.arange(n_networks)[:, None]
    changed = np.concatenate([flipped, serving])
    place = np.concatenate([row // n_tasks, np.arange(n_networks)])
    filled = changed[:, served].sum(axis=1) > 0
    return Networks(changed[filled], networks.way[place[filled]], networks.ways), place[filled]


def _best_of_others(worth: Floats) -> Floats:
    """For each network, what every task has without it, [K, T]."""
    order = np.sort(worth, axis=0)
    second = order[-2] if len(order) > 1 else np.full(worth.shape[1], _NEVER)
    top = worth.argmax(axis=0)
    return np.where(np.arange(len(worth))[:, None] == top, second, order[-1])
