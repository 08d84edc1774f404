"""What every linear method must do, whoever adds one."""

from __future__ import annotations

import numpy as np
import pytest
from linear_cases import labels, mixed, regressions, rows_of

from taskgroup.linear import LINEAR_METHODS, LinearMethod, LinearRows, expected_seconds
from taskgroup.linear.contract import N_STRENGTHS

W = np.random.default_rng(0).normal(size=(5, 3))
CASES = {
    "regression": regressions(W),
    "missing": regressions(W, missing=0.3),
    "binary": labels(W),
    "own rows": labels(W, n=40, owned=True),
    "mixed": mixed(),
    "mixed missing": mixed(missing=0.2),
}
METHODS = pytest.mark.parametrize("method", LINEAR_METHODS.values(), ids=LINEAR_METHODS.keys())
SUITED = pytest.mark.parametrize(
    ("method", "rows"),
    [
        pytest.param(method, rows, id=f"{name}-{case}")
        for name, method in LINEAR_METHODS.items()
        for case, rows in CASES.items()
        if method.unsuited(rows) is None
    ],
)


def reordered(rows: LinearRows, order: np.ndarray) -> LinearRows:
    """The same tasks in another order."""
    tasks = [rows.tasks[i] for i in order]
    blocks = [rows.targets[rows.outputs[task.name]] for task in tasks]
    ends = np.cumsum([len(block) for block in blocks]).tolist()
    outputs = {t.name: slice(e - len(b), e) for t, b, e in zip(tasks, blocks, ends, strict=True)}
    return LinearRows(rows.x, np.concatenate(blocks), rows.counts[order], tuple(tasks), outputs)


@SUITED
def test_the_order_of_tasks_does_not_matter(method: LinearMethod, rows: LinearRows) -> None:
    """Else the verdict would depend on how the study file is written."""
    turned = reordered(rows, np.random.default_rng(1).permutation(len(rows.tasks)))
    strength = method.strengths(rows)[-1]
    before, after = method.fit(rows, strength), method.fit(turned, strength)
    for task in rows.tasks:
        one, other = before.predict(rows.x)[rows.outputs[task.name]], after.predict(rows.x)
        assert other[turned.outputs[task.name]] == pytest.approx(one, abs=5e-3)
    assert {frozenset(c) for c in before.clusters} == {frozenset(c) for c in after.clusters}


@METHODS
def test_none_is_tuned_harder_than_another(method: LinearMethod) -> None:
    for rows in CASES.values():
        assert 1 <= len(method.strengths(rows)) <= N_STRENGTHS


@SUITED
def test_rows_without_a_label_change_nothing(method: LinearMethod, rows: LinearRows) -> None:
    """A missing label must not pull towards whatever stands in its place."""
    targets = rows.targets.copy()
    for position, task in enumerate(rows.tasks):
        targets[rows.outputs[task.name]] += 5.0 * (rows.counts[position] == 0)
    filled = LinearRows(rows.x, targets, rows.counts, rows.tasks, rows.outputs)
    strength = method.strengths(rows)[0]
    expected = method.fit(rows, strength).coefficients
    assert method.fit(filled, strength).coefficients == pytest.approx(expected, abs=1e-8)


def test_weights_count_as_repeated_rows() -> None:
    """`data.weight` means the same here as in the networks."""
    rows, method = regressions(W), LINEAR_METHODS["mean_regularised"]
    twice = np.concatenate([np.arange(60), np.arange(20)])
    repeated = rows_of(rows.x[twice], list(rows.targets[:, twice]), ["regression"] * 5)
    counts = np.where(np.arange(60) < 20, 2.0, 1.0) * np.ones((5, 1))
    weighted = rows_of(rows.x, list(rows.targets), ["regression"] * 5, counts)
    strength = {"strength": 0.1, "pull": 10.0}
    expected = method.fit(repeated, strength).coefficients
    assert method.fit(weighted, strength).coefficients == pytest.approx(expected, abs=1e-8)


def test_large_data_are_expected_to_take_long() -> None:
    """A search must not hang at its end on what it only compares with."""
    rows = CASES["own rows"]
    tall = LinearRows(
        np.zeros((200_000, 300)), np.zeros((5, 200_000)), np.ones((5, 200_000)), rows.tasks, rows.outputs
    )
    assert expected_seconds(rows) < 5
    assert expected_seconds(tall) > 100
