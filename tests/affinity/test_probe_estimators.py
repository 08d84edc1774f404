"""Estimators that read a joint training, each against its definition in a case worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from taskgroup.affinity import gradient_cosine, gradient_projection, linearised, lookahead, regression_flops
from taskgroup.affinity.linear_fit import LinearTask, fit_change
from taskgroup.training import Examples, JointProbe, Linearised

TASKS = ("a", "b")


def probe(*, losses, products=None, after=None, models=None, step_size=0.1) -> JointProbe:
    losses = np.array(losses, dtype=float)
    shape = (*losses.shape, losses.shape[1])
    products = np.ones(shape) if products is None else np.array(products, dtype=float)
    after = np.ones(shape) if after is None else np.array(after, dtype=float)
    flops = {"training": 1.0, "gradients": 2.0, "lookahead": 3.0, "linearised": 4.0}
    return JointProbe(TASKS, 0, step_size, losses, products, after, models or {}, 1, flops)


class TestLookahead:
    def test_by_hand(self):
        """Fifty 2021: 1 - L_j(after a step on i) / L_j; a step on a takes b from 4 to 3, then 2 to 1.8."""
        after = [[[0.5, 3.0], [1.1, 2.0]], [[0.5, 1.8], [0.9, 1.0]]]
        found = lookahead([probe(losses=[[1.0, 4.0], [1.0, 2.0]], after=after)])
        assert found.loc["b", "a"] == pytest.approx((0.25 + 0.1) / 2)
        assert found.loc["a", "b"] == pytest.approx((-0.1 + 0.1) / 2)

    def test_batches_without_labels_of_a_task_do_not_count(self):
        after = [[[0.5, 3.0], [1.1, 2.0]], [[0.5, np.nan], [np.nan, np.nan]]]
        found = lookahead([probe(losses=[[1.0, 4.0], [1.0, np.nan]], after=after)])
        assert found.loc["b", "a"] == pytest.approx(0.25)
        assert found.loc["a", "b"] == pytest.approx(-0.1)

    def test_seeds_count_alike_however_many_checkpoints_they_have(self):
        short = probe(losses=[[1.0, 1.0]], after=[[[1, 0.6], [1, 1]]])
        long = probe(losses=[[1.0, 1.0]] * 3, after=[[[1, 0.8], [1, 1]]] * 3)
        assert lookahead([short, long]).loc["b", "a"] == pytest.approx((0.4 + 0.2) / 2)


class TestGradients:
    PRODUCTS = (((4.0, 3.0), (3.0, 9.0)),)  # |g_a| = 2, |g_b| = 3, <g_a, g_b> = 3

    def test_cosine_by_hand(self):
        found = gradient_cosine([probe(losses=[[1, 1]], products=self.PRODUCTS)])
        assert found.loc["a", "b"] == found.loc["b", "a"] == pytest.approx(3 / (2 * 3))

    def test_projection_by_hand(self):
        """Ayman 2026: <g_t, g_s> / L_t, times the step, so that it is the first-order lookahead."""
        found = gradient_projection([probe(losses=[[2, 6]], products=self.PRODUCTS, step_size=0.5)])
        assert found.loc["a", "b"] == pytest.approx(0.5 * 3 / 2)
        assert found.loc["b", "a"] == pytest.approx(0.5 * 3 / 6)

    def test_a_vanished_gradient_says_nothing(self):
        zero = (*self.PRODUCTS, ((0.0, 0.0), (0.0, 1.0)))
        found = gradient_cosine([probe(losses=[[1, 1], [1, 1]], products=zero)])
        assert found.loc["a", "b"] == pytest.approx(0.5)


def rows(features, targets, offset=None) -> Examples:
    features = np.array(features, dtype=float).reshape(len(targets), 1, -1)
    targets = np.array(targets, dtype=float)[:, None]
    return Examples(
        np.zeros_like(targets) if offset is None else np.array(offset)[:, None], features, targets
    )


class TestLinearised:
    def test_regression_by_hand(self):
        """Li 2024, with one row a task along one direction: a wants w = 1, b wants w = 3, together 2.

        The mean curvature is 2, the smallest penalty p = 0.02 serves both best, so that w_a = 2 / (2 + p),
        w_b = 6 / (2 + p) and w_ab = 8 / (4 + p); validation rows want 1.5 and 3.
        """
        models = {
            "a": Linearised("regression", rows([[1]], [1]), rows([[1]], [1.5])),
            "b": Linearised("regression", rows([[1]], [3]), rows([[1]], [3])),
        }
        p = 0.02
        alone, both = {"a": 2 / (2 + p), "b": 6 / (2 + p)}, 8 / (4 + p)
        found = linearised([probe(losses=[[1, 1]], models=models)])
        assert found.loc["a", "b"] == pytest.approx(1 - (1.5 - both) ** 2 / (1.5 - alone["a"]) ** 2)
        assert found.loc["b", "a"] == pytest.approx(1 - (3 - both) ** 2 / (3 - alone["b"]) ** 2)

    @pytest.mark.parametrize("kind", ["binary", "multiclass", "multilabel"])
    def test_logistic_fits_have_no_slope_left(self, kind):
        rng = np.random.default_rng(0)
        k = 1 if kind == "binary" else 3
        y = rng.integers(0, 2, (20, k)).astype(float)
        if kind == "multiclass":
            y = np.eye(3)[rng.integers(0, 3, 20)]
        examples = Examples(rng.normal(size=(20, k)), rng.normal(size=(20, k, 4)), y)
        task = LinearTask(Linearised(kind, examples, examples))
        change = fit_change([task], 0.1)
        for direction in np.eye(4) * 1e-5:
            ends = [task.loss(examples, w) + 0.05 * w @ w for w in (change + direction, change - direction)]
            assert ends[0] - ends[1] == pytest.approx(0, abs=1e-9)

    def test_tasks_that_want_the_same_help_and_opposites_hurt(self):
        rng = np.random.default_rng(1)

        def model(sign: float) -> Linearised:
            parts = []
            for n in (8, 200):
                x = rng.normal(size=(n, 1, 6))
                parts.append(Examples(np.zeros((n, 1)), x, sign * x.sum(axis=2) + rng.normal(size=(n, 1))))
            return Linearised("regression", *parts)

        same = linearised([probe(losses=[[1, 1]], models={"a": model(1), "b": model(1)})])
        against = linearised([probe(losses=[[1, 1]], models={"a": model(1), "b": model(-1)})])
        assert same.loc["a", "b"] > 0.05
        assert against.loc["a", "b"] < -0.05

    def test_a_task_without_rows_is_unknown(self):
        empty = Examples(np.zeros((0, 1)), np.zeros((0, 1, 1)), np.zeros((0, 1)))
        model = Linearised("regression", rows([[1]], [1]), rows([[1]], [0]))
        found = linearised(
            [probe(losses=[[1, 1]], models={"a": model, "b": Linearised("regression", empty, empty)})]
        )
        assert np.isnan(found.loc["a", "b"])

    def test_the_cost_of_the_regressions_grows_with_rows(self):
        model = Linearised("regression", rows([[1]], [1]), rows([[1]], [0]))
        assert regression_flops([probe(losses=[[1, 1]], models={"a": model, "b": model})]) > 0
