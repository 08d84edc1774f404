"""Shrunken gains: without them a recommendation promises what only its luck delivered."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

from taskgroup.transfer import predicted_gain, shrunken_gain

Floats = NDArray[np.float64]

N_TARGETS, N_SUBSETS, N_STUDIES = 5, 8, 60
TARGETS = np.repeat(np.arange(N_TARGETS), N_SUBSETS)
ERROR = 0.5


@dataclass(frozen=True)
class Promises:
    """What studies promise of the best subset of each target, less what these are worth."""

    raw: Floats
    shrunken: Floats
    covered: NDArray[np.bool_]


def promises(*, within: float, between: float) -> Promises:
    """Normal studies whose errors are known, so that allowing for more noise promises too little rather.

    Their true gains spread within and between targets; the best cell of each target is chosen.
    """
    rng = np.random.default_rng(round(10 * within + 100 * between))
    raw, shrunken, covered = [], [], []
    for _ in range(N_STUDIES):
        truth = between * rng.normal(size=N_TARGETS)[TARGETS] + within * rng.normal(size=len(TARGETS))
        shared, own = rng.normal(size=N_TARGETS)[TARGETS], rng.normal(size=len(TARGETS))
        measured = truth + ERROR * math.sqrt(0.5) * (shared - own)
        chosen = [TARGETS.searchsorted(t) + measured[t == TARGETS].argmax() for t in range(N_TARGETS)]
        weights = np.bincount(chosen, minlength=len(TARGETS)) / N_TARGETS
        found = shrunken_gain(measured, np.full(len(TARGETS), ERROR), TARGETS.tolist(), weights)
        raw.append(weights @ (measured - truth))
        shrunken.append(found.gain - weights @ truth)
        covered.append(found.low <= weights @ truth <= found.high)
    return Promises(np.array(raw), np.array(shrunken), np.array(covered))


@pytest.mark.parametrize(("within", "between"), [(0.0, 0.0), (0.3, 0.0), (0.3, 0.5), (0.5, 1.0)])
def test_the_best_of_many_is_promised_no_more_than_it_is_worth(within, between):
    found = promises(within=within, between=between)
    assert found.raw.mean() > 0.15  # the winner's curse
    assert -0.7 * found.raw.mean() < found.shrunken.mean() < 0.25 * found.raw.mean()
    assert np.square(found.shrunken).mean() < np.square(found.raw).mean()
    assert found.covered.mean() > 0.95 - 3 * math.sqrt(0.95 * 0.05 / N_STUDIES)


def test_sure_gains_are_left_as_they_are():
    gain = [0.3, -0.2, 0.1, 0.5]
    found = shrunken_gain(gain, [1e-4] * 4, list("aabb"), [1, 0, 0, 1])
    assert found.gain == pytest.approx(0.8, abs=1e-3)
    assert found.low == pytest.approx(0.8, abs=1e-3)


def test_noise_alone_is_shrunken_to_its_level():
    """Gains that spread less than their errors are taken to be alike."""
    gain = np.linspace(-0.01, 0.01, 12)
    found = shrunken_gain(gain, [0.05] * 12, list("aaaabbbbcccc"), np.eye(12)[11])
    assert abs(found.gain) < 0.004
    assert found.low < 0 < found.high


def test_units_do_not_matter():
    rng = np.random.default_rng(0)
    gain, weights = rng.normal(size=8), np.eye(8)[3]
    small, large = (
        shrunken_gain(gain * unit, [0.5 * unit] * 8, list("aaaabbbb"), weights) for unit in (1.0, 1e4)
    )
    assert large.gain == pytest.approx(1e4 * small.gain, rel=1e-6)
    assert large.high == pytest.approx(1e4 * small.high, rel=1e-6)


def test_deterministic_trainers_keep_their_gains():
    found = shrunken_gain([0.25, 0.0], [0.0, 0.0], ["a", "b"], [1.0, 0.0])
    assert (found.gain, found.low, found.high) == pytest.approx((0.25, 0.25, 0.25), abs=1e-4)


GAINS = {"a+b": 0.4, "a+c": -0.3, "b+c": 0.1, "a+b+c": 0.0}


def runs(n_seeds: int) -> pd.DataFrame:
    """All tasks of a subset gain about the same."""
    rng = np.random.default_rng(7)
    rows = [
        (subset, subset.count("+") + 1, task, seed, "validation", GAINS[subset] + 1e-4 * rng.normal())
        for subset in GAINS
        for task in subset.split("+")
        for seed in range(n_seeds)
    ]
    frame = pd.DataFrame(rows, columns=["subset", "n_tasks", "task", "seed", "split", "gain"])
    return frame.assign(floored=False)


IMPORTANCE = {"a": 1.0, "b": 1.0, "c": 2.0}


def test_a_grouping_has_the_weighted_gain_of_its_cells():
    found = predicted_gain(runs(3), {"a": "a+b", "b": "a+c", "c": "a+c"}, IMPORTANCE)
    assert found is None  # task b is not in a+c
    found = predicted_gain(runs(3), {"a": "a+b", "b": "a+b+c", "c": "a+c"}, IMPORTANCE)
    assert found is not None
    assert found.gain == pytest.approx((0.4 + 0.0 - 2 * 0.3) / 4, abs=1e-3)
    assert found.low < found.gain < found.high


def test_tasks_served_alone_gain_nothing():
    found = predicted_gain(runs(3), {"a": "a", "b": "b", "c": "c"}, IMPORTANCE)
    assert found is not None
    assert (found.gain, found.low, found.high) == (0.0, 0.0, 0.0)


@pytest.mark.parametrize(("n_seeds", "subset"), [(1, "a+b"), (3, "a+b+d")])
def test_without_measurements_nothing_is_promised(n_seeds, subset):
    """One seed tells nothing about noise; a subset that was not trained has no measured gain."""
    assert predicted_gain(runs(n_seeds), {"a": subset, "b": subset, "c": "c"}, IMPORTANCE) is None
