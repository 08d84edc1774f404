"""Simulated worlds: the gain of every task in every subset, with a structure that is known.

A task alone has gain 0. A world is a vectorised function of members; a table of it has noise that belongs to
the subset and the repetition, whatever the order in which they are asked for.

Shape letters: `C` subsets, `T` tasks, `G` groups, `K` latent dimensions.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from taskgroup.search.pool import as_subset, climb
from taskgroup.search.replay import MeasuredTable
from taskgroup.search.surrogate import Networks

Floats = NDArray[np.float64]
Gains = Callable[[Floats], Floats]

NOISE_SHARE = 0.7  # standard deviation of one repetition, against that of the gains of joint subsets
N_CANDIDATES = 3000
N_REPETITIONS = 2
_ENUMERATED_TASKS = 8
_NETWORKS = (2, 3, 4)


@dataclass(frozen=True)
class World:
    """Tasks whose gains are known.

    Attributes:
        n_tasks: How many tasks.
        gains: From members [C, T] to gains [C, T]; entries of tasks outside the subset mean nothing.
        groups: Members of planted groups, [G, T]; none where nothing is planted.
    """

    n_tasks: int
    gains: Gains
    groups: Floats


def planted_groups(n_tasks: int, rng: np.random.Generator) -> World:
    """Members of one group help each other, each further one less; members of other groups harm."""
    n_groups = 2 + n_tasks // 10
    group = rng.permutation(np.arange(n_tasks) % n_groups)
    same = (group[:, None] == group).astype(float)
    strength = rng.uniform(0.5, 1.5, size=n_tasks)

    def gains(members: Floats) -> Floats:
        inside = members @ same - 1
        outside = members.sum(axis=1, keepdims=True) - 1 - inside
        found: Floats = strength * (0.1 * (1 - np.exp(-inside / 1.5)) - 0.06 * outside / (outside + 3))
        return found

    return World(n_tasks, gains, np.array([group == g for g in range(n_groups)], dtype=float))


def latent_vectors(n_tasks: int, rng: np.random.Generator) -> World:
    """Similar tasks help, opposite ones harm, both saturating; every further member takes capacity."""
    vectors = rng.normal(size=(n_tasks, 3))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    cosine = vectors @ vectors.T - np.eye(n_tasks)

    def gains(members: Floats) -> Floats:
        others = members.sum(axis=1, keepdims=True) - 1
        found: Floats = 0.1 * np.tanh(members @ cosine.T / 2) - 0.1 * others / n_tasks
        return found

    return World(n_tasks, gains, np.zeros((0, n_tasks)))


def mean_of_pairs(n_tasks: int, rng: np.random.Generator) -> World:
    """The gain in a subset is the mean of the gains in its pairs: the world in which HOA is exact."""
    vectors = rng.normal(size=(n_tasks, 2))
    pair = 0.03 * (vectors @ vectors.T) + 0.04 * rng.normal(size=(n_tasks, n_tasks))
    np.fill_diagonal(pair, 0.0)

    def gains(members: Floats) -> Floats:
        others = members.sum(axis=1, keepdims=True) - 1
        found: Floats = members @ pair.T / np.maximum(others, 1)
        return found

    return World(n_tasks, gains, np.zeros((0, n_tasks)))


def good_and_bad_sources(n_tasks: int, rng: np.random.Generator) -> World:
    """Each task helps or harms all others alike; tasks differ in how much they take."""
    brings = rng.normal(0.2, 1.0, size=n_tasks)
    takes = rng.uniform(0.03, 0.12, size=n_tasks)

    def gains(members: Floats) -> Floats:
        others = members.sum(axis=1, keepdims=True) - 1
        total = (members @ brings)[:, None] - brings
        found: Floats = takes * np.tanh(total / np.sqrt(np.maximum(others, 1)))
        return found

    return World(n_tasks, gains, np.zeros((0, n_tasks)))


def pair_interactions(n_tasks: int, rng: np.random.Generator) -> World:
    """What two sources bring together is not the sum of what each brings."""
    pair = 0.04 * rng.normal(size=(n_tasks, n_tasks))
    np.fill_diagonal(pair, 0.0)
    sides = rng.normal(size=(n_tasks, 3))
    takes = 0.05 * rng.normal(size=(n_tasks, 3))

    def gains(members: Floats) -> Floats:
        others = np.maximum(members.sum(axis=1, keepdims=True) - 1, 1)
        sums = (members @ sides)[:, None, :] - sides  # over the sources of each target, [C, T, K]
        squares = (members @ sides**2)[:, None, :] - sides**2
        both = (sums**2 - squares) / (2 * others[:, :, None])  # zero for a single source
        found: Floats = members @ pair.T / others + np.tanh(both * takes).sum(axis=2)
        return found

    return World(n_tasks, gains, np.zeros((0, n_tasks)))


WORLDS: dict[str, Callable[[int, np.random.Generator], World]] = {
    "groups": planted_groups,
    "latent": latent_vectors,
    "pairs": mean_of_pairs,
    "sources": good_and_bad_sources,
    "interactions": pair_interactions,
}


def simulated_table(name: str, n_tasks: int, *, seed: int, noisy: bool) -> MeasuredTable:
    """A table of one world, all subsets for few tasks and candidates for many.

    Args:
        name: One of `WORLDS`.
        n_tasks: How many tasks.
        seed: Draws the world, its candidates and its noise.
        noisy: Whether rows carry noise; they are scored by the gains without it.
    """
    rng = np.random.default_rng([seed, n_tasks, *name.encode()])
    world = WORLDS[name](n_tasks, rng)
    members = _all_subsets(n_tasks) if n_tasks <= _ENUMERATED_TASKS else _candidates(world, rng)
    gains = np.where(members.sum(axis=1, keepdims=True) == 1, 0.0, world.gains(members))
    joint = (members > 0) & (members.sum(axis=1, keepdims=True) > 1)
    size = NOISE_SHARE * float(np.std(gains[joint])) if noisy else 0.0
    tasks = tuple(f"t{i:02d}" for i in range(n_tasks))
    select, report = {}, {}
    for row, truth in zip(members, gains, strict=True):
        subset = as_subset(row, tasks)
        inside = np.flatnonzero(row)
        report[subset] = {tasks[i]: float(truth[i]) for i in inside}
        select[subset] = [
            {tasks[i]: float(truth[i] + size * noise[i]) for i in inside}
            for noise in (
                _noise(row, seed, repetition) for repetition in range(N_REPETITIONS if noisy else 1)
            )
        ]
    return MeasuredTable(tasks=tasks, select=select, report=report)


def _noise(members: Floats, seed: int, repetition: int) -> Floats:
    """Standard normal noise of a subset's repetition, [T]: always the same for the same arguments."""
    packed = np.packbits(members > 0)
    return np.random.default_rng([seed, repetition, *packed.tolist()]).normal(size=len(members))


def _all_subsets(n_tasks: int) -> Floats:
    codes = np.arange(1, 1 << n_tasks)
    return ((codes[:, None] >> np.arange(n_tasks)) & 1).astype(float)


def _candidates(world: World, rng: np.random.Generator) -> Floats:
    """Singles, pairs, all in one, good groups, their unions and neighbours, and random subsets of all sizes."""
    n = world.n_tasks
    pairs = [np.eye(n)[i] + np.eye(n)[j] for i, j in itertools.combinations(range(n), 2)]
    good = np.concatenate([world.groups, *(_climbed(world, k, rng) for k in _NETWORKS)])
    unions = [np.maximum(a, b) for a, b in itertools.combinations(good, 2)]
    neighbours = [np.abs(group - change) for group in good for change in np.eye(n)]
    first = _distinct([*np.eye(n), *pairs, np.ones(n), *good, *unions, *neighbours])
    sizes = rng.integers(3, n, size=2 * N_CANDIDATES)
    ranks = rng.random((len(sizes), n)).argsort(axis=1)
    return _distinct([*first, *(ranks < sizes[:, None]).astype(float)])[: max(N_CANDIDATES, len(first))]


def _climbed(world: World, n_networks: int, rng: np.random.Generator) -> Floats:
    """Networks that no addition or removal of one task improves, from a random partition, [networks, T]."""
    home = rng.permutation(np.arange(world.n_tasks) % n_networks)
    start = (home == np.arange(n_networks)[:, None]).astype(float)
    n = world.n_tasks
    return climb(
        Networks(start), lambda networks: world.gains(networks.members), np.zeros(n), np.ones(n)
    ).members


def _distinct(rows: list[Floats]) -> Floats:
    kept = {row.tobytes(): row for row in rows if row.any()}
    return np.array(list(kept.values()))
