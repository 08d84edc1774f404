"""Estimators that learn from measured subsets: what they find, and that they are judged on unseen pairs."""

from __future__ import annotations

import itertools

import numpy as np
import pandas as pd
import pytest

from taskgroup.affinity import ESTIMATORS, higher_order, rank_agreement, subset_regression
from taskgroup.affinity.pairwise import between_seeds

TASKS = ("a", "b", "c", "d", "e")
TRUTH = pd.DataFrame(np.random.default_rng(0).normal(0, 0.1, (5, 5)), index=TASKS, columns=TASKS)
MEASURED = [e for e in ESTIMATORS.values() if e.uses == "gains"]


def gains_of(subsets, rule, *, seeds=2, noise=0.0) -> pd.DataFrame:
    """Gains by a rule of (target, its sources)."""
    rng = np.random.default_rng(1)
    rows = [
        (t, "+".join(s), seed, rule(t, [o for o in s if o != t]) + noise * rng.normal())
        for s in subsets
        for seed in range(seeds)
        for t in s
    ]
    return pd.DataFrame(rows, columns=["target", "subset", "seed", "gain"])


def additive(target, sources):
    return 0.03 + sum(TRUTH.loc[target, s] for s in sources)


def mean_of_pairs(target, sources):
    return float(np.mean([TRUTH.loc[target, s] for s in sources]))


PAIRS = list(itertools.combinations(TASKS, 2))
TRIPLES = list(itertools.combinations(TASKS, 3))
QUADS = list(itertools.combinations(TASKS, 4))


def off_diagonal(frame: pd.DataFrame) -> np.ndarray:
    return frame.to_numpy()[~np.eye(5, dtype=bool)]


def test_subset_regression_recovers_additive_gains():
    """Li 2023: with gains linear in the members, the surrogate is exact; triples alone tell all pairs."""
    found = subset_regression(gains_of(TRIPLES + QUADS, additive), TASKS)
    assert off_diagonal(found) == pytest.approx(off_diagonal(TRUTH + 0.03), abs=1e-4)


def test_higher_order_recovers_means_of_pairs():
    """Standley 2020 turned round: where larger gains are means over pairs, they tell the pairs."""
    found = higher_order(gains_of(TRIPLES, mean_of_pairs), TASKS)
    assert off_diagonal(found) == pytest.approx(off_diagonal(TRUTH), abs=1e-4)


def test_by_hand_with_two_sources():
    """a gains 0.1 beside b, 0.3 beside c and 0.4 beside both: intercept 0, slopes 0.1 and 0.3."""
    rows = [("a", "a+b", 0.1), ("a", "a+c", 0.3), ("a", "a+b+c", 0.4)]
    gains = pd.DataFrame([(t, s, seed, g) for t, s, g in rows for seed in range(2)])
    gains.columns = ["target", "subset", "seed", "gain"]
    found = subset_regression(gains, ("a", "b", "c"))
    assert found.loc["a", ["b", "c"]].tolist() == pytest.approx([0.1, 0.3], abs=1e-4)
    assert found.loc[["b", "c"]].isna().all(axis=None)


@pytest.mark.parametrize("estimator", MEASURED, ids=lambda e: e.name)
class TestEveryMeasuredEstimator:
    def test_relabelling_tasks_only_relabels(self, estimator):
        names = dict(zip(TASKS, "edcba", strict=True))
        gains = gains_of(PAIRS + TRIPLES, additive, noise=0.01)
        renamed = gains.assign(
            target=gains["target"].map(names),
            subset=["+".join(sorted(names[t] for t in s.split("+"))) for s in gains["subset"]],
        )
        found, again = estimator.estimate(gains, TASKS), estimator.estimate(renamed, TASKS)
        back = again.rename(index=names, columns=names).loc[list(TASKS), list(TASKS)]
        np.testing.assert_allclose(off_diagonal(back), off_diagonal(found), rtol=1e-6)

    def test_nothing_measured_is_blank_and_agrees_with_nothing(self, estimator):
        empty = gains_of([], additive)
        assert estimator.estimate(empty, TASKS).isna().all(axis=None)
        assert estimator.held_out(empty, TASKS) is None

    def test_its_agreement_says_how_it_is_held_out(self, estimator):
        agreement = estimator.held_out(gains_of(PAIRS + TRIPLES, additive, noise=0.001), TASKS)
        expected = "between_seeds" if estimator.name == "pairwise" else "left_out_pairs_and_seeds"
        assert agreement.kind == expected
        assert agreement.correlation > 0.8
        assert agreement.low < agreement.correlation < agreement.high
        assert agreement.n_pairs == 20


@pytest.mark.parametrize("name", ["hoa", "subset_regression"])
def test_a_pair_does_not_predict_itself(name):
    """With pairs of pure noise and no larger subset, nothing predicts a pair but its own measurement."""
    noise = gains_of(PAIRS, lambda target, sources: 0.0, seeds=3, noise=0.1)
    agreement = ESTIMATORS[name].held_out(noise, TASKS)
    assert agreement is None or agreement.correlation < 0.3


@pytest.mark.parametrize("name", ["hoa", "subset_regression"])
def test_noise_of_common_baselines_does_not_look_like_knowledge(name):
    """A bad single-task run makes all gains of its target look good at that seed, and at no other."""
    rng = np.random.default_rng(3)
    luck = {(target, seed): rng.normal() for target in TASKS for seed in range(4)}
    gains = gains_of(PAIRS + TRIPLES, lambda target, sources: 0.0, seeds=4, noise=0.01)
    gains["gain"] += [luck[place] for place in zip(gains["target"], gains["seed"], strict=True)]
    assert abs(ESTIMATORS[name].held_out(gains, TASKS).correlation) < 0.6
    alone = ESTIMATORS[name].held_out(gains[gains["seed"] == 0], TASKS)
    assert alone.correlation > 0.8
    assert alone.kind == "left_out_pairs"


def test_noise_is_not_repeated_by_other_seeds():
    noise = gains_of(PAIRS, lambda target, sources: 0.0, seeds=3, noise=0.1)
    assert abs(between_seeds(noise, TASKS).correlation) < 0.5
    assert between_seeds(noise[noise["seed"] == 0], TASKS) is None


class TestRankAgreement:
    def test_by_hand(self):
        """Spearman over 20 ordered pairs; reversing the order reverses the sign."""
        same = rank_agreement(TRUTH, TRUTH**3, kind="independent")
        assert same.correlation == pytest.approx(1.0)
        assert rank_agreement(-TRUTH, TRUTH, kind="independent").correlation == pytest.approx(-1.0)

    def test_the_diagonal_and_the_order_of_tasks_do_not_count(self):
        shuffled = TRUTH.loc[list("cbaed"), list("edcba")]
        estimate = TRUTH.copy()
        np.fill_diagonal(values := estimate.to_numpy(copy=True), 99.0)
        estimate = pd.DataFrame(values, index=TASKS, columns=TASKS)
        assert rank_agreement(estimate, shuffled, kind="independent").correlation == pytest.approx(1.0)

    def test_few_pairs_or_no_order_say_nothing(self):
        three = list(TASKS[:3])
        assert rank_agreement(TRUTH.loc[three, three], TRUTH, kind="independent") is None
        assert rank_agreement(TRUTH * 0, TRUTH, kind="independent") is None

    def test_both_directions_of_a_pair_are_one_observation(self):
        """The interval is that of ten pairs, not of twenty (Bonett and Wright 2000)."""
        rng = np.random.default_rng(5)
        other = pd.DataFrame(rng.normal(size=(5, 5)), index=TASKS, columns=TASKS)
        found = rank_agreement(other, TRUTH, kind="independent")
        half = 1.959964 * np.sqrt((1 + found.correlation**2 / 2) / 7)
        assert np.arctanh(found.high) - np.arctanh(found.correlation) == pytest.approx(half, rel=1e-5)
