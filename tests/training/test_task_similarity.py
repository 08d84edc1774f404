"""Similarity of tasks from their rows: a wrong one would fade out the tasks that help."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from own_rows_cases import dataset_of, seeds_of, study

from taskgroup.training.task_similarity import TaskSimilarity

ROWS = [np.arange(0, 200), np.arange(200, 500), np.arange(500, 540)]


def similarity(of_targets: list[np.ndarray], *, n_outputs: int = 1) -> TaskSimilarity:
    """Tasks whose targets are linear in four independent features, each by its own matrix [4, K]."""
    x = np.random.default_rng(0).normal(size=(540, 4))
    y = np.zeros((540, n_outputs))
    for rows, matrix in zip(ROWS, of_targets, strict=True):
        y[rows] = x[rows] @ matrix
    return TaskSimilarity(torch.tensor(x), torch.tensor(y), ROWS)


def test_related_and_unrelated_tasks():
    """Half a right angle between the targets is a correlation of 0.71, and signs do not matter."""
    first = np.array([[1.0], [0.0], [0.0], [0.0]])
    between = np.array([[-1.0], [1.0], [0.0], [0.0]])
    other = np.array([[0.0], [0.0], [1.0], [0.0]])
    found = similarity([first, between, other])
    assert found.of(0, 1) == pytest.approx(np.sqrt(0.5), abs=0.05)
    assert found.of(0, 2) == pytest.approx(0.0, abs=0.15)
    assert found.of(1, 0) == found.of(0, 1)
    assert found.of(0, 0) == pytest.approx(1.0)
    assert similarity([first, -3.0 * first, first]).of(0, 1) == pytest.approx(1.0, abs=0.01)


def test_equals_the_definition():
    """The value in the docstring, computed the long way."""
    found = similarity([np.eye(4)[:, :2], np.eye(4)[:, 1:3], np.zeros((4, 2))], n_outputs=2)
    x, y = found._x.numpy(), found._y.numpy()
    centred = [x[rows] - x[rows].mean(axis=0) for rows in ROWS]
    ridge = [
        np.linalg.inv(c.T @ c / len(c) + 0.1 * np.eye(4)) @ c.T @ y[r] / len(c)
        for c, r in zip(centred, ROWS, strict=True)
    ]
    both = np.concatenate([c / np.sqrt(len(c)) for c in centred[:2]])
    a, b = both @ ridge[0], both @ ridge[1]
    rv = np.trace(a @ a.T @ b @ b.T) / np.sqrt(np.sum((a @ a.T) ** 2) * np.sum((b @ b.T) ** 2))
    assert found.of(0, 1) == pytest.approx(np.sqrt(rv), rel=1e-9)
    assert found.of(0, 2) == 0.0, "a target that never changes is like no other"


def test_tasks_of_all_kinds_compare():
    """Classes, label sets and numbers in one list."""
    described = study()
    data = seeds_of(described, dataset_of(described), seeds=(0,))[0]
    values = [data.similarity.of(a, b) for a in range(5) for b in range(5)]
    assert all(0.0 <= value <= 1.0 for value in values)
