"""Impartial multi-task learning: the common gradient has the same projection on every task's."""

from __future__ import annotations

from typing import final

import torch
from torch import Tensor

from taskgroup.weighting.gradient_contract import Gradients, Runs

_TINY = 1e-300
_LEAST_SUM = 1e-12


@final
class IMTLG:
    """Weights with `g . g_t / |g_t|` equal for all tasks t, `g = sum_t weight_t * g_t`, that sum to 1.

    In closed form `weight_t = y_t / |g_t|`, divided by their sum, with `y = pinv(K) 1` and K the cosines
    of the gradients. Weights may be negative and have no limits; where they would sum to nothing, the step
    moves no shared block. Tasks with a zero gradient weigh 0.

    That is the paper's formula where it is defined, without its matrix inverse, which fails for dependent
    gradients. TorchJD's IMTLG takes the pseudoinverse of the products instead, which is the same for
    independent gradients. LibMTL's IMTL also learns a scale for every loss (the paper's IMTL-L).

    Reference:
        Liu, Li 2021, "Towards impartial multi-task learning", sec. 3.1.
    """

    needs_losses = False

    def start(self, runs: Runs) -> None:  # noqa: D102
        return

    def weights(self, step: Gradients) -> Tensor:  # noqa: D102
        lengths = step.gram.diagonal(dim1=1, dim2=2).clamp_min(0.0).sqrt()
        there = lengths > 0
        inverse = (1.0 / lengths.clamp_min(_TINY)).where(there, 0.0)
        cosines = step.gram * inverse.unsqueeze(1) * inverse.unsqueeze(2)
        tolerance = step.precision * cosines.shape[-1]
        y = torch.linalg.pinv(cosines, rtol=tolerance, hermitian=True) @ there.to(cosines).unsqueeze(2)
        weights: Tensor = y.squeeze(2) * inverse
        total = weights.sum(dim=1, keepdim=True)
        fine = total.abs() > _LEAST_SUM * weights.abs().sum(dim=1, keepdim=True)
        return (weights / total).where(fine, 0.0)
