"""Multiple-gradient descent: the shortest vector in the convex hull of the tasks' gradients."""

from __future__ import annotations

from dataclasses import dataclass
from typing import final

import torch
from torch import Tensor

from taskgroup.weighting.gradient_contract import Gradients, Runs

_RIDGE = 1e-10
_GAP = 1e-9


@final
class MGDA:
    """Weights from the simplex (at least 0, sum 1) that make `|sum_t weight_t * g_t|` smallest.

    A step against that vector lowers all losses, to first order. Gradients are taken as they are; short ones
    weigh most. Solved by an active-set method; the conditions of optimality hold to `1e-9` of the mean
    squared length, or to the rounding error of the gradients.

    TorchJD's MGDA stops a Frank-Wolfe method after 100 iterations. LibMTL's keeps two tasks within 0.001 and
    0.999 and can normalise gradients. The authors' MGDA-UB takes gradients with respect to the shared
    representation, of which these are the exact counterpart.

    Reference:
        Désidéri 2012; Sener, Koltun 2018, eq. 3.
    """

    needs_losses = False

    def start(self, runs: Runs) -> None:  # noqa: D102
        return

    def weights(self, step: Gradients) -> Tensor:  # noqa: D102
        return shortest(step.gram, step.counts, precision=step.precision)


@dataclass
class _Search:
    """Points under way, [R, T], on the faces of the simplex given by `free`, [R, T]."""

    point: Tensor
    free: Tensor
    done: Tensor


def shortest(gram: Tensor, allowed: Tensor, *, precision: float = 0.0) -> Tensor:
    """The point of the simplex with the smallest quadratic form.

    Each pass goes to the smallest point of the plane of a face. Where that lies outside, the face is left at
    its border; else a task that would make the vector shorter is added to the face, and where there is none
    the point is optimal. Runs that are done stand still, so that their company changes nothing.

    Args:
        gram: [R, T, T].
        allowed: The corners to use, [R, T].
        precision: Relative rounding error of the products.

    Returns:
        Shape [R, T]; 0 for all where no corner is allowed.

    Reference:
        Wolfe 1976, "Finding the nearest point in a polytope".
    """
    n = gram.shape[-1]
    scale = gram.diagonal(dim1=1, dim2=2).sum(dim=1, keepdim=True)
    scale = (scale / allowed.sum(dim=1, keepdim=True).clamp_min(1)).where(scale > 0, 1.0)
    gram = gram / scale.unsqueeze(2) + torch.eye(n, dtype=gram.dtype) * (_RIDGE + n * precision)
    uniform = allowed.to(gram) / allowed.sum(dim=1, keepdim=True).clamp_min(1)
    search = _Search(uniform, allowed.clone(), ~allowed.any(dim=1))
    for _ in range(4 * n + 20):  # it ends after a few passes; the limit is for rounding errors
        if search.done.all():
            break
        _advance(search, gram, allowed)
    return search.point


def _advance(search: _Search, gram: Tensor, allowed: Tensor) -> None:
    target = _smallest_of_plane(gram, search.free)
    inside = (target >= 0).all(dim=1) | search.done
    shrinking = (target < 0) & search.free
    reach = (search.point / (search.point - target)).where(shrinking, 1.0)
    share, blocking = reach.min(dim=1, keepdim=True)
    moved = torch.lerp(search.point, target, share).clamp_min(0.0)
    leaving = torch.zeros_like(search.free).scatter_(1, blocking, True) & ~inside.unsqueeze(1)
    moved = moved.masked_fill(leaving, 0.0)
    moved = moved / moved.sum(dim=1, keepdim=True).where(moved.sum(dim=1, keepdim=True) > 0, 1.0)
    search.point = search.point.where(search.done.unsqueeze(1), moved)
    slopes = (gram @ search.point.unsqueeze(2)).squeeze(2)
    height = (slopes * search.point).sum(dim=1)
    lowest, entering = slopes.masked_fill(~allowed, float("inf")).min(dim=1)
    search.done |= inside & (height - lowest <= _GAP)
    joins = torch.zeros_like(search.free).scatter_(1, entering.unsqueeze(1), True)
    joins &= (inside & ~search.done).unsqueeze(1)
    search.free = (search.free & ~leaving) | joins


def _smallest_of_plane(gram: Tensor, free: Tensor) -> Tensor:
    """The smallest point of the plane through some corners, [R, T]; 0 at the others."""
    n, mask = gram.shape[-1], free.to(gram)
    both = mask.unsqueeze(1) * mask.unsqueeze(2)
    diagonal = torch.diag_embed(1.0 - mask)
    solution, _ = torch.linalg.solve_ex(gram * both + diagonal, mask.unsqueeze(2))
    ones = solution.squeeze(2) * mask
    total = ones.sum(dim=1, keepdim=True)
    point: Tensor = (ones / total).where(total != 0, mask / n)
    return point
