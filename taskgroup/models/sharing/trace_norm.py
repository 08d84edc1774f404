"""`trace_norm`: an encoder for each task, the encoders together of low rank."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, final

import torch
from torch import Tensor

from taskgroup.models.sharing.kind import Kind, Outline


@final
class TraceNorm(Kind):
    """Copies of the tied blocks under λ Σ_l ‖W_l‖_*, with the copies of block l as the rows of W_l.

    A row is the whole copy: all its weights and biases, [T, P]. The penalty acts by its proximal step after
    that of the optimiser, at the learning rate η: every singular value σ becomes max(σ - η λ, 0). It is
    decoupled from Adam's scaling, as AdamW's weight decay is.

    λ = 0 is exactly separate networks. Copies start equal, hence at rank one; the larger λ, the fewer
    directions in which they come to differ. A very large λ ends in zero weights, not in hard sharing: the
    norm shrinks what the tasks have in common as well.

    Yang and Hospedales penalise each parameter tensor and step along the subgradient.

    Reference:
        Yang, Hospedales 2017, sec. 3 (last axis flattening); Cai 2010, theorem 2.1 (the proximal step).
    """

    moves_weights = True

    def __init__(self, outline: Outline, settings: Mapping[str, Any]) -> None:
        super().__init__(outline, settings)
        self._strength = float(settings["strength"])
        self.moves_weights = self._strength > 0

    def moved(  # noqa: D102
        self, level: int, weights: Sequence[Tensor], centres: Sequence[Tensor], rates: Tensor
    ) -> list[Tensor]:
        rows = torch.cat([weight.flatten(2) for weight in weights], dim=2)
        low = shrunk(rows, self._strength * rates)
        sizes = [weight[0, 0].numel() for weight in weights]
        parts = torch.split(low, sizes, dim=2)
        return [part.reshape(weight.shape) for part, weight in zip(parts, weights, strict=True)]


def shrunk(rows: Tensor, thresholds: Tensor) -> Tensor:
    """Lessen all singular values by a threshold, those below it to zero.

    The singular vectors come from the products of the rows, T × T numbers, and those in double precision,
    where squared singular values lose no digits that single precision has.

    Args:
        rows: [R, T, P].
        thresholds: [R].
    """
    exact = rows.double()
    products = exact @ exact.mT
    diverged = ~products.isfinite().all(dim=(1, 2))[:, None, None]
    squares, directions = torch.linalg.eigh(products.masked_fill(diverged, 0.0))
    values = squares.clamp(min=0.0).sqrt()
    left = (values - thresholds.double().unsqueeze(1)).clamp(min=0.0)
    share = left / values.clamp(min=torch.finfo(values.dtype).tiny)
    projection: Tensor = (directions * share.unsqueeze(1)) @ directions.mT
    projection = projection.masked_fill(diverged, torch.nan)
    return projection.to(rows.dtype) @ rows
