"""Calibration: a 90% interval that holds 60% of the truth would stop searches too early."""

from __future__ import annotations

import numpy as np
import pytest
from surrogate_cases import believed, cells_of, joint_subsets, names

from taskgroup.search.surrogate import Belief, Floats
from taskgroup.search.surrogate.belief import WIDENED
from taskgroup.search.surrogate.components import COMPONENTS
from taskgroup.search.surrogate.covariance import Cells
from taskgroup.search.surrogate.paths import draw_prior

QUANTILE = 1.645  # 90% of a normal distribution


@pytest.mark.parametrize(("n_tasks", "n_measured", "least"), [(5, 8, 0.85), (6, 16, 0.85), (7, 40, 0.85)])
def test_intervals_hold_what_they_promise_on_functions_of_the_prior(n_tasks, n_measured, least):
    """They also depend on variances that are learned from the runs, which few runs tell poorly."""
    inside = np.concatenate([covered(n_tasks, n_measured, seed) for seed in range(40)])
    assert least <= inside.mean() <= 0.95


def test_drawn_intervals_hold_what_they_promise():
    inside = np.concatenate([covered(6, 16, seed, by_draws=True) for seed in range(20)])
    assert 0.85 <= inside.mean() <= 0.95


def covered(n_tasks: int, n_measured: int, seed: int, *, by_draws: bool = False) -> Floats:
    """Which unmeasured cells of a drawn function lie within their interval."""
    rng = np.random.default_rng(seed)
    tasks = names(n_tasks)
    subsets = joint_subsets(tasks)
    cells = cells_of(subsets, tasks)
    variance = np.array([c.share for c in COMPONENTS]) * np.exp(rng.normal(size=len(COMPONENTS)))
    truth = draw_prior(COMPONENTS, variance, n_tasks, 1, rng).at(cells.networks)[0]
    noise = 0.03 * truth[cells.network, cells.target].var()
    seen = [len(subsets) - 1, *rng.permutation(len(subsets) - 1)[: n_measured - 1].tolist()]
    measured = {
        subsets[row]: {t: truth[row, tasks.index(t)] + np.sqrt(noise) * rng.normal() for t in subsets[row]}
        for row in seen
    }
    measured |= {(task,): {task: 0.0} for task in tasks}
    belief = believed(tasks, measured, noise=dict.fromkeys(tasks, noise))
    held = cells.take(np.flatnonzero(~np.isin(cells.network, seen)))
    low, high = drawn_interval(belief, held, rng) if by_draws else exact_interval(belief, held)
    exact = truth[held.network, held.target]
    return (low <= exact) & (exact <= high)


def exact_interval(belief: Belief, cells: Cells) -> tuple[Floats, Floats]:
    post = belief.posterior
    across = post.prior_covariance(post.cells, cells)
    variance = post.prior_covariance(cells, cells).diagonal() - (across * post.solve(across)).sum(axis=0)
    half = WIDENED * QUANTILE * belief.scale[cells.target] * np.sqrt(variance)
    mean = belief.expected(cells.networks)[cells.network, cells.target]
    return mean - half, mean + half


def drawn_interval(belief: Belief, cells: Cells, rng: np.random.Generator) -> tuple[Floats, Floats]:
    values = belief.values_of(belief.draw(400, rng), cells.networks)[:, cells.network, cells.target]
    low, high = np.quantile(values, [0.05, 0.95], axis=0)
    return low, high
