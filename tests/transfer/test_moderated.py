"""Moderated intervals: too narrow, they flag noise as negative transfer; too wide, they hide it."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import stats

from taskgroup.transfer import moderated_means, q_values

Floats = NDArray[np.float64]

N_TARGETS, N_SUBSETS, N_STUDIES = 7, 6, 100
TARGETS = np.repeat(np.arange(N_TARGETS), N_SUBSETS)
SHARED_NOISE = pytest.mark.parametrize("prior_df", [5.0, math.inf])


@dataclass(frozen=True)
class Simulation:
    """Cells of many studies without any transfer, and what was made of them."""

    covered: Floats
    p_value: Floats
    flagged: Floats
    width: float


def gains_without_transfer(rng: np.random.Generator, n: int, prior_df: float) -> Floats:
    """Gains in all pairs of seven tasks over n seeds, [42, n].

    The cells of a target share its single-task runs. Noise differs between targets by factors of two to
    three, and between the cells of a target unless `prior_df` is infinite.
    """
    target_sd = np.exp(0.7 * rng.normal(size=N_TARGETS))[TARGETS, None]
    cell_sd = np.ones((len(TARGETS), 1))
    if math.isfinite(prior_df):
        cell_sd = np.sqrt(prior_df / rng.chisquare(prior_df, cell_sd.shape))
    single, joint = rng.normal(size=(N_TARGETS, n))[TARGETS], rng.normal(size=(len(TARGETS), n))
    return np.asarray(target_sd * cell_sd * (single - joint))


def simulated(n: int, prior_df: float) -> Simulation:
    """A hundred studies; widths as a multiple of the plain t interval's."""
    rng = np.random.default_rng([n, 0 if math.isinf(prior_df) else round(prior_df)])
    gains = [gains_without_transfer(rng, n, prior_df) for _ in range(N_STUDIES)]
    found = [moderated_means(list(of_study), TARGETS.tolist()) for of_study in gains]
    plain = stats.t.ppf(0.975, n - 1) * np.std(gains, axis=2, ddof=1) / math.sqrt(n)
    return Simulation(
        covered=np.concatenate([(f.low <= 0) & (f.high >= 0) for f in found]),
        p_value=np.concatenate([f.p_value for f in found]),
        flagged=np.array([(q_values(f.p_value) < 0.05).any() for f in found]),
        width=float(np.mean([f.high - f.mean for f in found]) / plain.mean()),
    )


def tolerance(rate: float, n: int) -> float:
    """Four standard errors of a rate among n."""
    return 4 * math.sqrt(rate * (1 - rate) / n)


@SHARED_NOISE
@pytest.mark.parametrize("n", [2, 3, 8])
def test_intervals_cover_as_often_as_they_say(n, prior_df):
    covered = simulated(n, prior_df).covered
    assert covered.mean() > 0.95 - tolerance(0.95, len(covered))


@SHARED_NOISE
@pytest.mark.parametrize(("n", "most"), [(2, 0.4), (3, 0.7), (8, 1.0)])
def test_few_seeds_are_worth_more_than_alone(n, prior_df, most):
    """What moderation is for: with three seeds, plain t intervals are too wide to show anything."""
    simulation = simulated(n, prior_df)
    assert simulation.width < most
    assert simulation.covered.mean() < 0.98


@SHARED_NOISE
@pytest.mark.parametrize("n", [2, 3, 8])
def test_noise_raises_few_flags(n, prior_df):
    """At most one study in twenty may show negative or positive transfer where there is none."""
    simulation = simulated(n, prior_df)
    for level in (0.01, 0.05):
        false = np.mean(simulation.p_value < level)
        assert false < level + tolerance(level, len(simulation.p_value))
    assert simulation.flagged.mean() < 0.05 + tolerance(0.05, N_STUDIES)


def test_targets_with_little_noise_are_not_drowned_by_noisy_ones():
    """Each target has its own noise: an effect of five standard errors in the quiet one must show."""
    rng = np.random.default_rng(0)
    gains = [*rng.normal(size=(6, 3)), *(0.01 * rng.normal(size=(6, 3)) + 0.03)]
    found = moderated_means(gains, ["noisy"] * 6 + ["quiet"] * 6)
    assert (found.p_value[6:] < 0.01).all()
    assert (found.high - found.low)[:6].min() > 10 * (found.high - found.low)[6:].max()


def test_variances_that_all_agree_are_pooled():
    """Twelve cells of variance 1 tell it nearly for sure: the interval is far from that of two degrees."""
    found = moderated_means([np.array([-1.0, 0.0, 1.0]) + i for i in range(12)], ["x"] * 12)
    half = found.high - found.mean
    normal, plain = (q / math.sqrt(3) for q in (stats.norm.ppf(0.975), stats.t.ppf(0.975, 2)))
    assert half == pytest.approx(half[0])
    assert normal < half[0] < normal + 0.25 * (plain - normal)


def test_single_seeds_have_no_interval():
    found = moderated_means([np.array([0.5])] * 6, ["x"] * 6)
    assert found.mean.tolist() == [0.5] * 6
    assert np.isnan([found.low, found.high, found.p_value]).all()


def test_a_single_seed_among_repeated_cells_borrows_their_variance():
    cells = [*np.random.default_rng(3).normal(size=(20, 3)), np.array([4.0])]
    found = moderated_means(cells, ["x"] * 21)
    assert np.isfinite(found.low).all()
    assert found.high[-1] - found.mean[-1] > (found.high - found.mean)[:-1].max()


def test_results_that_never_vary_are_certain():
    """A deterministic trainer repeats itself; that is no reason for an error."""
    found = moderated_means([np.full(3, 0.25), np.zeros(3)], ["x", "x"])
    assert found.low.tolist() == found.high.tolist() == [0.25, 0.0]
    assert found.p_value.tolist() == [0.0, 1.0]


def test_nothing_to_estimate_is_no_error():
    assert moderated_means([], []).mean.shape == (0,)


@pytest.mark.filterwarnings("error")
def test_empty_cells_are_unknown():
    found = moderated_means([np.array([]), np.array([1.0, 2.0]), np.array([2.0, 5.0])], ["x"] * 3)
    assert np.isnan([found.mean[0], found.low[0], found.p_value[0]]).all()
    assert np.isfinite(found.low[1:]).all()


cells_of_some_targets = st.lists(
    st.tuples(
        st.lists(st.floats(-1, 1).map(lambda v: round(v, 3)), min_size=1, max_size=4).map(np.array),
        st.sampled_from("vwxyz"),
    ),
    max_size=15,
)


@given(cells_of_some_targets, st.sampled_from([0.001, 0.5, 4.0, 1e4]))
def test_units_do_not_matter(cells, factor):
    targets = [target for _, target in cells]
    before = moderated_means([cell for cell, _ in cells], targets)
    after = moderated_means([cell * factor for cell, _ in cells], targets)
    for name in ("mean", "low", "high"):
        expected = getattr(before, name) * factor
        np.testing.assert_allclose(getattr(after, name), expected, rtol=1e-6, atol=1e-9 * factor)
    np.testing.assert_allclose(after.p_value, before.p_value, rtol=1e-6, atol=1e-9)


@given(cells_of_some_targets, st.data())
def test_order_and_names_do_not_matter(cells, data):
    order = data.draw(st.permutations(range(len(cells))))
    before = moderated_means([cell for cell, _ in cells], [target for _, target in cells])
    after = moderated_means([cells[i][0] for i in order], [f"task {cells[i][1]}" for i in order])
    for name in ("mean", "low", "high", "p_value", "n"):
        np.testing.assert_allclose(getattr(after, name), getattr(before, name)[order], rtol=1e-9, atol=1e-12)
