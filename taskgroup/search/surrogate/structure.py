"""What a first look at who helps whom suggests about pairs that no run has told apart yet.

With many tasks the pairs outnumber the runs by far, but they seldom differ freely: tasks come in groups, or
vary along a few directions, so that two tasks which both go well with a third go well with each other. The
symmetric part of the estimated strengths is therefore reduced to the few directions that stand out, and that
is offered to the surrogate as a hint, whose worth it learns like any other component's.

Reference:
    Gavish and Donoho 2014, "The optimal hard threshold for singular values is 4/sqrt(3)", eq. 4: the
    threshold for a square matrix with noise of unknown size.
"""

from __future__ import annotations

import numpy as np

from taskgroup.search.surrogate.features import Floats, norms
from taskgroup.search.surrogate.paths import Basis, Functions

_THRESHOLD = 2.858
_ALIKE = 0.75  # of the largest: equal groups have equal directions, which stand or fall together
_ROUNDS = 20
STRUCTURED_TASKS = 12
"""From so many tasks on, the structure of the strengths is looked for."""


def strengths(mean: Functions, partners: float) -> Floats:
    """What each source adds to each target in subsets of some size, in all ways alike, by the posterior mean.

    Args:
        mean: The posterior mean.
        partners: Tasks beside the target.

    Returns:
        Shape [T, T], [target, source].
    """
    means, sums = (mean.weights[Basis(feature)][:, 0, :].T for feature in ("mean", "sum"))
    return np.asarray(means / partners + sums * np.sqrt(norms(len(means))[0]))


def few_directions(strength: Floats) -> Floats:
    """The symmetric part of a matrix, reduced to the directions that stand out of the noise.

    The diagonal is unknown: at first each task is as close to itself as to its best partner, then the
    reduction fills it in.

    >>> block = np.kron(np.eye(2), np.ones((3, 3)))
    >>> few_directions(block)[0].round(1).tolist()
    [1.0, 1.0, 1.0, 0.0, 0.0, 0.0]
    """
    symmetric = (strength + strength.T) / 2
    others = ~np.eye(len(symmetric), dtype=bool)
    filled = np.where(others, symmetric, 0.0)
    filled = filled + np.diag(filled.max(axis=1))
    reduced = filled
    for _ in range(_ROUNDS):
        size, direction = np.linalg.eigh(filled)
        size_now = np.abs(size)
        kept = (size_now > _THRESHOLD * np.median(size_now)) | (size_now >= _ALIKE * size_now.max())
        reduced = (direction[:, kept] * size[kept]) @ direction[:, kept].T
        filled = np.where(others, symmetric, reduced)
    return np.asarray(reduced)
