"""Cheap guesses and structure: taken for what they prove to be worth, never for granted."""

from __future__ import annotations

import numpy as np
import pytest
from surrogate_cases import believed, joint_subsets, names

from taskgroup.search.arm import at_home
from taskgroup.search.surrogate import Floats, Networks
from taskgroup.search.surrogate.components import hint_component
from taskgroup.search.surrogate.covariance import Cells, Overlap, covariance
from taskgroup.search.surrogate.paths import draw_prior, from_dual
from taskgroup.search.surrogate.structure import few_directions

TASKS = names(6)
SUBSETS = joint_subsets(TASKS)
ENCODED = Networks.of(at_home(SUBSETS), TASKS)
CELLS = Cells(ENCODED, *np.nonzero(ENCODED.members))


def strengths(seed: int) -> Floats:
    """Who helps whom in an averaging world."""
    values = np.random.default_rng(seed).normal(size=(6, 6))
    np.fill_diagonal(values, 0.0)
    return values


def test_a_hint_enters_means_and_draws_as_its_covariance_says():
    component = hint_component(strengths(0))
    matrix = covariance(component, Overlap(CELLS, CELLS))
    assert np.linalg.eigvalsh(matrix).min() > -1e-9
    dual = np.random.default_rng(1).normal(size=(len(CELLS), 2))
    found = from_dual([component], np.ones(1), CELLS, dual).at(ENCODED)[:, CELLS.network, CELLS.target]
    assert pytest.approx(matrix @ dual) == found.T
    drawn = draw_prior([component], np.ones(1), 6, 4000, np.random.default_rng(2)).at(ENCODED)
    drawn = drawn[:, CELLS.network, CELLS.target]
    assert drawn.T @ drawn / 4000 == pytest.approx(matrix, abs=0.1 * matrix.max())


@pytest.mark.parametrize("guess", [np.zeros((6, 6)), np.full((6, 6), np.nan)], ids=["flat", "unknown"])
def test_a_guess_that_says_nothing_changes_nothing(guess):
    assert error_with(0, [guess]) == pytest.approx(error_with(0, []), rel=0.02)


def test_a_good_hint_helps_and_a_bad_one_hardly_hurts():
    """A guess is a prior, weighted by how well it agrees with the runs."""
    plain, good, bad = (
        np.mean([error_with(seed, hint(seed)) for seed in range(12)])
        for hint in (lambda _: [], lambda seed: [strengths(seed)], lambda seed: [strengths(seed + 100)])
    )
    assert good < 0.5 * plain
    assert bad < 1.2 * plain


def error_with(seed: int, hints: list[Floats]) -> float:
    """Mean squared error on unmeasured cells after eight runs."""
    truth = ENCODED.members @ strengths(seed).T / ENCODED.partners[:, None]
    rng = np.random.default_rng(seed)
    seen = rng.permutation(len(SUBSETS))[:8]
    measured = {SUBSETS[row]: {t: truth[row, TASKS.index(t)] for t in SUBSETS[row]} for row in seen}
    measured |= {(task,): {task: 0.0} for task in TASKS}
    belief = believed(TASKS, measured, hints=hints)
    held = ~np.isin(CELLS.network, seen)
    away = belief.expected(ENCODED) - truth
    return float(np.mean(away[CELLS.network[held], CELLS.target[held]] ** 2))


def test_groups_stand_out_of_a_noisy_matrix():
    """Forty tasks in four groups, each strength known to about its own size."""
    group = np.arange(40) % 4
    planted = (group[:, None] == group).astype(float)
    noisy = planted + np.random.default_rng(0).normal(scale=0.7, size=planted.shape)
    others = ~np.eye(40, dtype=bool)
    before = np.corrcoef(noisy[others], planted[others])[0, 1]
    after = np.corrcoef(few_directions(noisy)[others], planted[others])[0, 1]
    assert before < 0.6
    assert after > 0.8
