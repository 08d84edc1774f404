"""Weightings that are solved for one run at a time."""

from __future__ import annotations

import warnings
from collections.abc import Callable

import torch
from torch import Tensor

from taskgroup.weighting.gradient_contract import Gradients


def run_by_run(step: Gradients, solve: Callable[[int, Tensor], Tensor | None]) -> Tensor:
    """Weights of each run from the products of the gradients that count there.

    Args:
        step: Of all runs.
        solve: Gives the weights [t] of a run from its position and products [t, t], at least two tasks with
            gradients; None where its solver fails, and the step then takes the plain sum of gradients.

    Returns:
        Shape [R, T]; 1 where there is nothing to solve.
    """
    weights = torch.ones(step.gram.shape[:2], dtype=step.gram.dtype)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # solvers talk of inaccurate and of superseded solvers
        for run, counts in enumerate(step.counts):
            places = counts.nonzero().flatten()
            gram = step.gram[run][places][:, places]
            if len(places) < 2 or not gram.diagonal().sum() > 0:
                continue
            found = solve(run, gram)
            if found is not None and bool(found.isfinite().all()):
                weights[run, places] = found
    return weights


def of_mean_length_one(gram: Tensor) -> tuple[Tensor, Tensor]:
    """Products scaled so that the mean squared length is 1, and that mean: solvers have absolute limits."""
    scale = gram.diagonal().mean()
    return gram / scale, scale
