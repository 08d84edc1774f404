"""Each linear method against what is known of it: closed forms, scikit-learn, limits, planted structure."""

from __future__ import annotations

import numpy as np
import pytest
from linear_cases import labels, mixed, regressions, rows_of
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge

from taskgroup.linear import LINEAR_METHODS, LinearRows

RIDGE, MEAN = LINEAR_METHODS["ridge_alone"], LINEAR_METHODS["mean_regularised"]
CLUSTERED, LASSO = LINEAR_METHODS["clustered"], LINEAR_METHODS["multitask_lasso"]
W = np.array([[1.0, 0.5, -1.0], [0.8, 0.4, -0.6], [-1.0, 0.2, 0.3]])


def own(rows: LinearRows, task: int) -> tuple[np.ndarray, np.ndarray]:
    """The labelled rows of a task: features and its one target."""
    used = rows.counts[task] > 0
    return rows.x[used], rows.targets[rows.outputs[rows.tasks[task].name]][0, used]


def mean_labels(rows: LinearRows) -> float:
    return float(rows.counts.sum() / len(rows.counts))


SQUARES = {
    "shared rows": regressions(W),
    "missing labels": regressions(W, missing=0.3),
    "own rows": regressions(W, n=30, owned=True),
}


@pytest.mark.parametrize("rows", SQUARES.values(), ids=SQUARES.keys())
def test_ridge_alone_is_scikit_learns_ridge(rows):
    """The baseline that the others must beat would be a straw man."""
    fit = RIDGE.fit(rows, {"strength": 0.1})
    for task in range(len(W)):
        expected = Ridge(alpha=0.1 * mean_labels(rows)).fit(*own(rows, task))
        assert fit.coefficients[task] == pytest.approx(expected.coef_, abs=1e-6)
        assert fit.intercepts[task] == pytest.approx(expected.intercept_, abs=1e-6)


@pytest.mark.parametrize("owned", [False, True])
def test_ridge_alone_is_scikit_learns_logistic_regression(owned):
    rows = labels(W, owned=owned)
    fit = RIDGE.fit(rows, {"strength": 0.01})
    for task in range(len(W)):
        expected = LogisticRegression(C=1 / (0.01 * mean_labels(rows)), tol=1e-8).fit(*own(rows, task))
        assert fit.coefficients[task] == pytest.approx(expected.coef_[0], abs=2e-3)
        assert fit.intercepts[task] == pytest.approx(expected.intercept_[0], abs=2e-3)


def test_classes_are_fitted_as_scikit_learn_does():
    rows = mixed()
    fit, place = RIDGE.fit(rows, {"strength": 0.01}), rows.outputs["e"]
    expected = LogisticRegression(C=1 / (0.01 * 70), tol=1e-8).fit(rows.x, rows.targets[place].argmax(axis=0))
    assert fit.coefficients[place] == pytest.approx(expected.coef_, abs=3e-3)


@pytest.mark.parametrize("rows", SQUARES.values(), ids=SQUARES.keys())
def test_mean_regularised_solves_its_normal_equations(rows):
    """Evgeniou and Pontil's penalty written out, solved as one dense system."""
    alpha, pull, (n_tasks, d) = 0.05, 7.0, W.shape
    centred = [(x - x.mean(axis=0), y - y.mean()) for x, y in (own(rows, t) for t in range(n_tasks))]
    mean = np.full((n_tasks, n_tasks), 1 / n_tasks)
    penalty = alpha * mean_labels(rows) * (mean + pull * (np.eye(n_tasks) - mean))
    system = np.kron(penalty, np.eye(d))
    for t, (x, _) in enumerate(centred):
        system[t * d : (t + 1) * d, t * d : (t + 1) * d] += x.T @ x
    expected = np.linalg.solve(system, np.concatenate([x.T @ y for x, y in centred])).reshape(n_tasks, d)
    fit = MEAN.fit(rows, {"strength": alpha, "pull": pull})
    assert fit.coefficients == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("rows", [SQUARES["own rows"], labels(W, owned=True), mixed()])
def test_a_pull_of_one_is_ridge_alone(rows):
    """λ = 1 of the published penalty; with λ = 0 distances from the mean would cost nothing."""
    alone = RIDGE.fit(rows, {"strength": 0.1})
    pulled = MEAN.fit(rows, {"strength": 0.1, "pull": 1.0})
    assert pulled.coefficients == pytest.approx(alone.coefficients, abs=1e-6)


def test_an_endless_pull_is_one_model_of_all_rows():
    """Regressions with rows of their own and intercepts of their own, and one set of coefficients."""
    rows = SQUARES["own rows"]
    fit = MEAN.fit(rows, {"strength": 1e-7, "pull": 1e12})
    centred = [(x - x.mean(axis=0), y - y.mean()) for x, y in (own(rows, t) for t in range(len(W)))]
    pooled = LinearRegression(fit_intercept=False).fit(
        *(np.concatenate(part) for part in zip(*centred, strict=True))
    )
    assert fit.coefficients == pytest.approx(np.tile(pooled.coef_, (3, 1)), abs=1e-3)


def test_an_endless_pull_is_one_logistic_model():
    rows = labels(W, owned=True)
    fit = MEAN.fit(rows, {"strength": 1e-2, "pull": 1e9})
    assert np.ptp(fit.coefficients, axis=0).max() < 1e-4
    assert abs(fit.coefficients).max() > 0.05


def test_planted_clusters_are_found():
    """They are shown as a hint of the groups."""
    centres = np.array([[2.0, 0.0, 1.0, 0.0], [-1.0, 2.0, 0.0, 1.0], [0.0, -1.0, -2.0, 1.0]])
    rng = np.random.default_rng(3)
    w = np.repeat(centres, 3, axis=0) + 0.1 * rng.normal(size=(9, 4))
    for rows in (regressions(w, n=40, owned=True, noise=0.5), labels(2 * w, n=150, owned=True)):
        fit = CLUSTERED.fit(rows, {"strength": 1e-3, "pull": 30.0, "clusters": 3})
        assert set(fit.clusters) == {("a", "b", "c"), ("d", "e", "f"), ("g", "h", "i")}


def test_clusters_help_where_there_are_some():
    """Otherwise they would be no more than a picture."""
    centres = np.array([[2.0, 0.0, 1.0, 0.0], [-1.0, 2.0, 0.0, 1.0]])
    w = np.repeat(centres, 4, axis=0)
    rows = regressions(w, n=8, owned=True, noise=1.0)
    strength = {"strength": 0.01, "pull": 100.0, "clusters": 2}
    distance = abs(CLUSTERED.fit(rows, strength).coefficients - w).mean()
    assert distance < 0.6 * abs(RIDGE.fit(rows, {"strength": 0.01}).coefficients - w).mean()


def test_as_many_clusters_as_tasks_is_ridge_alone():
    rows = SQUARES["own rows"]
    fit = CLUSTERED.fit(rows, {"strength": 0.1, "pull": 100.0, "clusters": 3})
    assert fit.coefficients == pytest.approx(RIDGE.fit(rows, {"strength": 0.1}).coefficients, abs=1e-6)
    assert fit.clusters == (("a",), ("b",), ("c",))


def test_the_planted_support_is_found():
    """Features that no task uses are left out for all tasks at once."""
    rng = np.random.default_rng(5)
    w = np.zeros((4, 12))
    w[:, [1, 4, 7]] = rng.choice([-1.0, 1.0], size=(4, 3))
    rows = regressions(w, n=80, noise=0.3)
    for name, strength in {
        "multitask_lasso": {"strength": 0.2},
        "multitask_elastic_net": {"strength": 0.2, "sparse_share": 0.5},
    }.items():
        used = abs(LINEAR_METHODS[name].fit(rows, strength).coefficients).max(axis=0) > 1e-9
        assert np.flatnonzero(used).tolist() == [1, 4, 7]


def test_no_feature_is_used_at_the_largest_strength():
    rows = regressions(W)
    assert abs(LASSO.fit(rows, {"strength": 1.001}).coefficients).max() == 0
    assert abs(LASSO.fit(rows, {"strength": 0.9}).coefficients).max() > 0


def test_the_lasso_separates_labels():
    """Labels count as -1 and 1, so that the sign of an output is the class."""
    rows = labels(4 * W, n=200)
    outputs = LASSO.fit(rows, {"strength": 0.01}).predict(rows.x)
    assert ((outputs > 0) == (rows.targets > 0)).mean() > 0.85


def test_methods_say_why_they_are_not_used():
    """Nobody should wonder where a row of the table went."""
    assert "missing" in LASSO.unsuited(SQUARES["own rows"])
    weighted = rows_of(
        SQUARES["shared rows"].x,
        list(SQUARES["shared rows"].targets),
        ["regression"] * 3,
        np.full((3, 60), 2.0),
    )
    weighted.counts[0, 0] = 1.0
    assert "weights" in LASSO.unsuited(weighted)
    assert "same kind" in MEAN.unsuited(rows_of(weighted.x, [weighted.targets[0]], ["regression"]))
    assert "fewer than 3" in CLUSTERED.unsuited(regressions(W[:2]))
