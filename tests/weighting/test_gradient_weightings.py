"""What every weighting of gradients in the catalog must do; a new one is tested by being listed there."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.util import find_spec

import numpy as np
import pytest
import torch
from torch import Tensor

from taskgroup.spec import WEIGHTING_FACTS
from taskgroup.weighting import GRADIENT_WEIGHTINGS, Gradients, Runs, make_gradient_weighting

TEXTS = [*GRADIENT_WEIGHTINGS, 'aligned_mtl {"scale": "median"}', 'aligned_mtl {"scale": "rmse"}']
ITERATIVE = {"nash_mtl": 2e-2, "fairgrad": 1e-4, "cagrad": 1e-4}
"""Relative tolerance of those that solvers approximate."""


def installed(text: str) -> bool:
    return all(find_spec(package) for package in WEIGHTING_FACTS[text.split()[0]].packages)


def of_gradients(gradients: Tensor, counts: Tensor | None = None, number: int = 0) -> Gradients:
    """What is seen of gradients [R, T, N], with losses that are the gradients' lengths."""
    counts = torch.ones(gradients.shape[:2], dtype=torch.bool) if counts is None else counts
    gradients = gradients * counts.unsqueeze(2)
    lengths = gradients.norm(dim=2)
    gram = gradients @ gradients.transpose(1, 2)
    return Gradients(gram, counts, norms=lengths, losses=lengths, number=number)


def runs(n_runs: int, n_tasks: int, first: int = 0) -> Runs:
    names = tuple(f"t{place}" for place in range(n_tasks))
    return Runs(tuple(range(first, first + n_runs)), (names,) * n_runs)


def weights(text: str, step: Gradients, first: int = 0) -> Tensor:
    """In the second step on the same gradients, as the first one may be special."""
    weighting = make_gradient_weighting(text)
    weighting.start(runs(*step.gram.shape[:2], first))
    weighting.weights(step)
    return weighting.weights(step)


def cases(text: str) -> Iterator[Tensor]:
    """Gradients of some runs, [R, T, N], independent of each other, and of unlike length."""
    for seed in range(2 if text in ITERATIVE else 12):
        rng = np.random.default_rng(seed)
        n_runs, n_tasks = 1 + (seed + 1) % 3, 2 + seed % 4
        drawn = rng.normal(size=(n_runs, n_tasks, n_tasks + 3)) + rng.normal(size=(n_runs, 1, n_tasks + 3))
        yield torch.tensor(drawn * np.exp(rng.normal(size=(n_runs, n_tasks, 1))))


@pytest.fixture(params=TEXTS, scope="module")
def text(request: pytest.FixtureRequest) -> str:
    if not installed(request.param):
        pytest.skip("needs taskgroup[gradients]")
    return request.param


def tolerance(text: str) -> dict[str, float]:
    return {"rtol": ITERATIVE.get(text.split()[0], 1e-6), "atol": ITERATIVE.get(text.split()[0], 1e-6)}


def test_runs_do_not_see_each_other(text):
    """A cohort must train each run as it would train alone."""
    for g in cases(text):
        together = weights(text, of_gradients(g))
        assert together.shape == g.shape[:2]
        assert together.isfinite().all()
        for run in range(len(g)):
            alone = weights(text, of_gradients(g[run : run + 1]), first=run)
            torch.testing.assert_close(alone[0], together[run], rtol=1e-9, atol=1e-9)


def test_relabelling_tasks_permutes_the_weights(text):
    for drawn in cases(text):
        g = drawn[:, :2] if text == "pcgrad" else drawn  # with more tasks its order is drawn at random
        order = [*range(1, g.shape[1]), 0]
        found = weights(text, of_gradients(g[:, order]))
        torch.testing.assert_close(found, weights(text, of_gradients(g))[:, order], **tolerance(text))


@pytest.mark.parametrize("size", [1e-4, 10.0])
def test_longer_gradients_change_no_direction(text, size):
    """Gradients shrink by orders of magnitude in a training; absolute limits of solvers must not bite."""
    for g in cases(text):
        one, other = (weights(text, of_gradients(each)) for each in (g, g * size))
        one, other = (each / each.norm(dim=1, keepdim=True) for each in (one, other))
        torch.testing.assert_close(one, other, **tolerance(text))


def test_tasks_that_do_not_count_are_as_if_they_were_not_there(text):
    """A batch without labels of a task has a zero gradient, which would be everybody's compromise."""
    for drawn in cases(text):
        g = drawn[:, :2] if text == "pcgrad" else drawn
        expected = weights(text, of_gradients(g))
        counts = torch.ones(len(g), g.shape[1] + 1, dtype=torch.bool)
        counts[:, -1] = False
        found = weights(text, of_gradients(torch.cat([g, g[:, :1]], dim=1), counts))
        assert found.isfinite().all()
        torch.testing.assert_close(found[:, :-1], expected, **tolerance(text))


@pytest.mark.parametrize("n_tasks", [2, 5])
def test_without_conflict_or_difference_all_tasks_weigh_the_same(text, n_tasks):
    found = weights(text, of_gradients(torch.eye(n_tasks, dtype=torch.float64).unsqueeze(0)))
    torch.testing.assert_close(found, found[:, :1].expand_as(found), **tolerance(text))
    assert (found > 0).all()


@pytest.mark.parametrize(
    "degenerate",
    [
        torch.zeros(3, 4),
        torch.ones(3, 4),
        torch.tensor([[1.0, 0, 0], [-1, 0, 0], [0, 1, 0]]),
        torch.tensor([[1.0, 2, 3], [1, 2, 3], [2, 4, 6]]),
        torch.tensor([[1e-200, 0], [1, 0], [0, 1e25]]),
    ],
)
def test_degenerate_gradients_harm_nobody(text, degenerate):
    """Equal, opposite or vanished gradients do occur; one run must not end the cohort."""
    g = torch.stack([degenerate.double(), torch.eye(3, degenerate.shape[1], dtype=torch.float64)])
    found = weights(text, of_gradients(g))
    assert found[1].isfinite().all()
    alone = weights(text, of_gradients(g[1:]), first=1)
    torch.testing.assert_close(found[1:], alone, rtol=1e-9, atol=1e-9)
    assert not found[0].isnan().any()
