"""What a gain may consist of: the additive components of the surrogate's prior.

A gain of target t in subset S is modelled as a sum of independent Gaussian processes over (t, S). Each
component pairs a feature of the subset with the way its strength is tied across targets, and has a variance
of its own, learned from the runs. Together they cover what is known to work at different numbers of tasks and
runs: averages of pairs (Standley 2020's approximation is the component `own mean`), linear surrogates on
membership (Li 2023, task modelling), interactions of pairs of sources, and local deviations.

Where networks are trained in several ways, these components are what all ways have in common. What is
peculiar to one sharing depth, one weighting or one length of training is a sum of further components, each
a process of its own at every level of that factor: how much one way tells of another is so learned from the
runs.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Feature = Literal["constant", "size", "sum", "mean", "pair_sum", "pair_mean", "near", "around", "hint"]
"""Of a subset S seen from its target: 1; the logarithm of its size; its sources, summed or averaged; pairs of
its sources, summed or averaged; closeness to measured subsets, in steps of about one or three tasks; the
average over its sources of what a hint says of them."""

Strength = Literal["own", "common", "mutual"]
"""Each target has its own; all targets have the same; what u does to t is what t does to u."""


@dataclass(frozen=True, eq=False)
class Component:
    """One additive part of a gain.

    Attributes:
        feature: What it depends on.
        strength: How it is tied across targets.
        share: Median of its variance before any run, as a share of the variance of gains.
        within: The factors of the way of training at whose levels it is peculiar; none for all ways alike.
        hint: What is guessed of each source's effect on each target, [target, source]; of use for the
            feature `hint` only.
    """

    feature: Feature
    strength: Strength
    share: float
    within: tuple[int, ...] = ()
    hint: NDArray[np.float64] = field(default_factory=lambda: np.zeros((0, 0)), repr=False)


COMPONENTS: tuple[Component, ...] = (
    Component("constant", "own", 0.15),
    Component("constant", "common", 0.1),
    Component("size", "own", 0.1),
    Component("size", "common", 0.1),
    Component("sum", "own", 0.1),
    Component("sum", "common", 0.03),
    Component("sum", "mutual", 0.03),
    Component("mean", "own", 0.3),
    Component("mean", "common", 0.1),
    Component("mean", "mutual", 0.1),
    Component("pair_sum", "own", 0.05),
    Component("pair_mean", "own", 0.05),
    Component("near", "own", 0.05),
    Component("near", "common", 0.03),
    Component("around", "own", 0.1),
    Component("around", "common", 0.03),
)

REACH: dict[Feature, float] = {"near": 1.0, "around": 3.0}
"""Tasks by which subsets differ when their correlation has fallen to 1/e."""

_PAIRED_TASKS = 12


_PECULIAR = (
    Component("constant", "own", 0.05),
    Component("constant", "common", 0.1),
    Component("size", "common", 0.05),
    Component("mean", "own", 0.1),
    Component("mean", "common", 0.05),
    Component("near", "own", 0.05),
)
"""What a level of one factor may have of its own."""


def components_for(n_tasks: int, n_factors: int = 0) -> tuple[Component, ...]:
    """The components worth their time: with many tasks, pairs of sources are too many to tell apart.

    Args:
        n_tasks: Of the task list.
        n_factors: In which the ways of training differ.
    """
    common = COMPONENTS
    if n_tasks > _PAIRED_TASKS:
        common = tuple(part for part in COMPONENTS if part.feature not in ("pair_sum", "pair_mean"))
    peculiar = [replace(part, within=(factor,)) for factor in range(n_factors) for part in _PECULIAR]
    if n_factors > 1:
        peculiar.append(Component("near", "own", 0.05, within=tuple(range(n_factors))))
    return (*common, *peculiar)


_HINT_SHARE = 0.1


def hint_component(guess: NDArray[np.float64]) -> Component:
    """A component for a guess of who helps whom: how much it is worth is learned from the runs.

    Args:
        guess: Shape [T, T], any unit; NaN where nothing is guessed.
    """
    others = ~np.eye(len(guess), dtype=bool) & np.isfinite(guess)
    centred = np.where(others, guess - guess[others].mean(), 0.0) if others.any() else np.zeros(guess.shape)
    size = np.sqrt((centred**2).sum() / max(others.sum(), 1))
    return Component("hint", "common", _HINT_SHARE, hint=centred / size if size > 0 else centred)
