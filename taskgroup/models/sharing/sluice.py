"""`sluice`: an encoder for each task in subspaces, mixed after every block, with skip connections."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, final

import numpy as np
import torch
from torch import Tensor

from taskgroup.models.sharing.kind import Copy, Extra, Kind, Outline, of_runs
from taskgroup.models.sharing.mixing import mix_columns, stitch


@final
class Sluice(Kind):
    """Cross-stitching between all subspaces of all tasks, and skip connections.

    A block's features fall into S subspaces of consecutive ones (where S does not divide their number, the
    later ones are narrower by one, and what wider ones would mix into that is dropped). After each tied
    block a matrix α [T S, T S] mixes the subspaces of all tasks; it starts with `own` on the diagonal and
    the rest of 1 in equal parts elsewhere. After the last one, each task reads Σ_l β_tl h_l over the mixed
    activations h_l of those tied blocks that give the same shape; β starts at 1 for the last block and 0
    for the others, so that with `own` at 1 the start is that of separate networks. Ruder has all layers of
    one size and says less about the start of β. Neither α nor β decays.

    `orthogonality` λ keeps a task's subspaces apart: λ Σ_{s<s'} ‖G_s G_s'ᵀ‖²_F for each tied block and task,
    where the rows of G_s are the weights of the units of subspace s. It acts after the optimiser's step, by a
    gradient step at the learning rate that is never longer than one that surely lessens it. Parameters whose
    rows are no units of the block (word vectors, recurrent gates, biases) are left alone.

    Reference:
        Ruder 2019, "Latent multi-task architecture learning", sec. 3.
    """

    mixes = True

    def __init__(self, outline: Outline, settings: Mapping[str, Any]) -> None:
        super().__init__(outline, settings)
        self._n_parts, self._apart = int(settings["subspaces"]), float(settings["orthogonality"])
        self.moves_weights = self._apart > 0 and self._n_parts > 1

    @property
    def _skipped_to_end(self) -> list[int]:
        """The tied blocks whose activations have the shape of the last one's."""
        shapes = self.outline.shapes
        return [level for level in range(self.outline.depth) if shapes[level + 1] == shapes[self.last + 1]]

    def copies(self, level: int) -> tuple[Copy, ...]:  # noqa: D102
        return tuple(Copy(self.outline.tasks if self.is_tied(level) else (t,)) for t in self.outline.tasks)

    def extras(self) -> tuple[Extra, ...]:  # noqa: D102
        tasks, depth = self.outline.tasks, self.outline.depth
        if depth == 0:
            return ()
        rows = len(tasks) * self._n_parts
        alpha = stitch(rows, float(self.settings["own"]))
        beta = np.zeros((len(tasks), len(self._skipped_to_end)))
        beta[:, -1] = 1.0
        own = tuple((task,) for task in tasks)
        of_rows = tuple((task,) for task in tasks for _ in range(self._n_parts))
        stitches = [
            Extra(
                f"alpha {level}",
                of_rows if level == self.last else (tasks,) * rows,
                lambda seed, subset: alpha,
                decays=False,
            )
            for level in range(depth)
        ]
        return (*stitches, Extra("beta", own, lambda seed, subset: beta, decays=False))

    def mixed(self, level: int, seen: Sequence[Tensor], extras: Mapping[str, Tensor]) -> Tensor:  # noqa: D102
        out = self._between_subspaces(extras[f"alpha {level}"], seen[-1])
        if level < self.last:
            return out
        layers = [*(seen[before + 1] for before in self._skipped_to_end[:-1]), out]
        beta = extras["beta"].view(*extras["beta"].shape, *[1] * (out.ndim - 2))
        end = beta[:, :, -1] * out
        for place, layer in enumerate(layers[:-1]):
            end = torch.addcmul(end, beta[:, :, place], layer)
        return end

    def moved(  # noqa: D102
        self, level: int, weights: Sequence[Tensor], centres: Sequence[Tensor], rates: Tensor
    ) -> list[Tensor]:
        n_units = self.outline.shapes[level + 1][0]
        return [
            self._apart_by(rates, weight) if weight.ndim > 3 and weight.shape[2] == n_units else weight
            for weight in weights
        ]

    def _between_subspaces(self, alpha: Tensor, out: Tensor) -> Tensor:
        """Mix the parts of [R, T, F, ..., B], each filled up with zeros to the widest one."""
        n_features, n_parts = out.shape[2], self._n_parts
        widest = -(-n_features // n_parts)
        if widest * n_parts == n_features:
            return mix_columns(alpha, out.reshape(len(out), -1, widest, *out.shape[3:])).view(out.shape)
        place = torch.cat([p + part * widest for part, p in enumerate(_parts(n_features, n_parts))])
        place = place.to(out.device)
        filled = out.new_zeros(*out.shape[:2], widest * n_parts, *out.shape[3:]).index_copy(2, place, out)
        mixed = mix_columns(alpha, filled.view(len(out), -1, widest, *out.shape[3:]))
        return mixed.view(filled.shape).index_select(2, place)

    def _apart_by(self, rates: Tensor, weight: Tensor) -> Tensor:
        """One gradient step of the penalty on [R, T, O, ...]."""
        units = weight.flatten(3)
        sizes = torch.tensor([len(p) for p in _parts(units.shape[2], self._n_parts)])
        part = torch.arange(self._n_parts).repeat_interleave(sizes).to(units.device)
        between = (part.unsqueeze(0) != part.unsqueeze(1)).to(units.dtype)
        gradient = 2.0 * ((units @ units.mT) * between) @ units
        longest = 0.25 / units.square().sum(dim=(2, 3)).clamp(min=1e-12)
        step = torch.minimum(of_runs(self._apart * rates, longest).expand_as(longest), longest)
        return (units - step[:, :, None, None] * gradient).reshape(weight.shape)


def _parts(n_features: int, n_parts: int) -> list[Tensor]:
    """Places of features within each subspace, the wider ones first."""
    return [torch.arange(len(part)) for part in torch.arange(n_features).tensor_split(n_parts)]
