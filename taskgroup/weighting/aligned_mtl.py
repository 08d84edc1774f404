"""Aligned-MTL: the nearest gradients that are orthogonal and equally long."""

from __future__ import annotations

from typing import Literal, final

import torch
from torch import Tensor

from taskgroup.weighting.gradient_contract import Gradients, Runs


@final
class AlignedMTL:
    """The sum of aligned gradients: `weights = sqrt(s) * M^(-1/2) 1`, M the products of the gradients.

    `M^(-1/2)` is taken over the eigenvalues of M above `T * largest * precision`, and `s` is the smallest,
    the lower median or the mean (`rmse`) of these. So aligned gradients have the condition number 1.
    Weights may be negative, without limits; all are 1 where no gradient is left.

    As equal weighting is the sum, tasks weigh 1 before the alignment; TorchJD's AlignedMTL weighs them 1/T
    and is else the same.

    Args:
        scale: Which eigenvalue becomes that of all.

    Reference:
        Senushkin 2023, sec. 4, alg. 1.
    """

    needs_losses = False

    def __init__(self, scale: Literal["min", "median", "rmse"]) -> None:
        self._scale = scale

    def start(self, runs: Runs) -> None:  # noqa: D102
        return

    def weights(self, step: Gradients) -> Tensor:  # noqa: D102
        ascending, vectors = torch.linalg.eigh(step.gram)
        values, vectors = ascending.flip(1), vectors.flip(2)
        n_tasks = step.counts.sum(dim=1, keepdim=True)
        kept = values > values[:, :1] * n_tasks * step.precision
        rank = kept.sum(dim=1, keepdim=True)
        inverse = (1.0 / values.where(kept, 1.0).sqrt()).where(kept, 0.0)
        along = (vectors.transpose(1, 2) @ step.counts.to(values).unsqueeze(2)).squeeze(2)
        weights: Tensor = (vectors @ (inverse * along).unsqueeze(2)).squeeze(2)
        return (weights * self._of(values, kept, rank).sqrt()).where(rank > 0, 1.0)

    def _of(self, values: Tensor, kept: Tensor, rank: Tensor) -> Tensor:
        """The eigenvalue that all get, [R, 1], from descending ones."""
        if self._scale == "rmse":
            return values.where(kept, 0.0).sum(dim=1, keepdim=True) / rank.clamp_min(1)
        place = rank - 1 if self._scale == "min" else torch.div(rank, 2, rounding_mode="floor")
        return values.gather(1, place.clamp(0, values.shape[1] - 1)).clamp_min(0.0)
