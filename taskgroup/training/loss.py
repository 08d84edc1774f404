"""Losses of all branches of a cohort, and their gradient with respect to the outputs, in closed form.

Outputs are seen as flat rows, one an output column of a node, [rows, B]. For each kind of task the gradient
has the same form, `activation(output) - target`, with the activation of its loss: the identity (squared
error), the logistic function (binary cross entropy) or the softmax over the task's rows (cross entropy).

Shape letters: P branches, B examples, S seeds, T tasks, O target rows of all tasks.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import final

import numpy as np
import torch
from torch import Tensor

from taskgroup.models import Wiring
from taskgroup.spec import Kind

_GRADIENT_FACTOR: dict[Kind, float] = {"regression": 2.0, "binary": 1.0, "multilabel": 1.0, "multiclass": 1.0}


@final
class CohortLoss:
    """Mean loss over labelled rows for every branch.

    Args:
        wiring: The cohort's forest.
        kinds: Kind of every task, in task-list order.
        first_row: First target row of every task; target rows of all seeds are stacked, O a seed.
        n_target_rows: O.
        branch_seed: Position of each branch's seed, [P].
        dtype: Of outputs and targets.
        device: Where they live.
    """

    def __init__(
        self,
        wiring: Wiring,
        *,
        kinds: Sequence[Kind],
        first_row: Sequence[int],
        n_target_rows: int,
        branch_seed: np.ndarray,
        dtype: torch.dtype,
        device: torch.device | str,
    ) -> None:
        w, n_branches = wiring, wiring.n_branches
        n_rows = len(w.layers[-1].run) * w.n_columns
        row_branch = np.full(n_rows, n_branches)
        row_target = np.zeros(n_rows, dtype=np.int64)
        factor = np.zeros(n_rows)
        divisor = np.ones(n_branches)
        sigmoid: list[np.ndarray] = []
        softmax: dict[int, list[np.ndarray]] = {}
        for p in range(n_branches):
            task, n_outputs = int(w.branch_task[p]), int(w.branch_outputs[p])
            start = w.branch_node[p] * w.n_columns + w.branch_column[p]
            rows, kind = np.arange(start, start + n_outputs), kinds[task]
            row_branch[rows] = p
            row_target[rows] = branch_seed[p] * n_target_rows + first_row[task] + np.arange(n_outputs)
            factor[rows] = _GRADIENT_FACTOR[kind]
            if kind == "multilabel":
                divisor[p] = n_outputs
            if kind in ("binary", "multilabel"):
                sigmoid.append(rows)
            if kind == "multiclass":
                softmax.setdefault(n_outputs, []).append(rows)
        place = {"dtype": dtype, "device": device}
        self._row_branch = torch.tensor(row_branch, device=device)
        self._row_target = torch.tensor(row_target, device=device)
        self._factor = torch.tensor(factor, **place)  # type: ignore[arg-type]
        self._divisor = torch.tensor(divisor, **place)  # type: ignore[arg-type]
        self._label_row = torch.tensor(branch_seed * len(kinds) + w.branch_task, device=device)
        self._sigmoid = torch.tensor(np.concatenate(sigmoid or [np.empty(0, np.int64)]), device=device)
        self._softmax = [torch.tensor(np.stack(rows), device=device) for rows in softmax.values()]
        self._targets: dict[int, Tensor] = {}

    def targets_of_rows(self, targets: Tensor) -> Tensor:
        """Pick each output row's targets: [S*O, B] to [rows, B], in a buffer kept for each B."""
        n = targets.shape[1]
        if n not in self._targets:
            self._targets[n] = targets.new_empty((len(self._row_target), n))
        return torch.index_select(targets, 0, self._row_target, out=self._targets[n])

    def label_mask(self, labelled: Tensor | None) -> Tensor | None:
        """Pick each branch's label mask: [S*T, B] to [P, B]; None where every label is there."""
        return None if labelled is None else labelled.index_select(0, self._label_row)

    def gradient(self, outputs: Tensor, targets: Tensor, mask: Tensor | None, weights: Tensor) -> Tensor:
        """Gradient of `sum_p weights_p * loss_p` with respect to the outputs.

        Args:
            outputs: [nodes, columns, B].
            targets: [rows, B], from `targets_of_rows`; overwritten.
            mask: [P, B], from `label_mask`.
            weights: [P].

        Returns:
            [nodes, columns, B], sharing memory with `targets`.
        """
        flat = outputs.view(targets.shape)
        grad = torch.sub(self._activate(flat), targets, out=targets)
        scale = self._on_rows(weights / (self._count(mask, outputs.shape[2]) * self._divisor))
        grad.mul_((scale * self._factor).unsqueeze(1))
        if mask is not None:
            grad.mul_(torch.cat([mask, mask.new_zeros(1, mask.shape[1])])[self._row_branch])
        return grad.view(outputs.shape)

    def losses(self, outputs: Tensor, targets: Tensor, mask: Tensor | None) -> Tensor:
        """Mean loss of each branch over its labelled rows, [P]; 0 where a batch has none."""
        flat = outputs.view(targets.shape)
        rows = (flat - targets).square_()
        if len(self._sigmoid):
            z, y = flat[self._sigmoid], targets[self._sigmoid]
            rows[self._sigmoid] = torch.nn.functional.softplus(z) - y * z
        for group in self._softmax:
            rows[group] = -targets[group] * flat[group].log_softmax(dim=1)
        if mask is not None:
            rows.mul_(torch.cat([mask, mask.new_zeros(1, mask.shape[1])])[self._row_branch])
        total = rows.new_zeros(len(self._divisor) + 1).index_add_(0, self._row_branch, rows.sum(dim=1))[:-1]
        return total / (self._count(mask, outputs.shape[2]) * self._divisor)

    def _activate(self, flat: Tensor) -> Tensor:
        if len(self._sigmoid) == len(flat):
            return flat.sigmoid()
        if not len(self._sigmoid) and not self._softmax:
            return flat
        active = flat.clone()
        if len(self._sigmoid):
            active[self._sigmoid] = flat[self._sigmoid].sigmoid()
        for group in self._softmax:
            active[group] = flat[group].softmax(dim=1)
        return active

    def _count(self, mask: Tensor | None, n_examples: int) -> Tensor | float:
        return float(n_examples) if mask is None else mask.sum(dim=1).clamp_(min=1)

    def _on_rows(self, per_branch: Tensor) -> Tensor:
        """Spread a value a branch over its rows; padding rows get 0."""
        return torch.cat([per_branch, per_branch.new_zeros(1)])[self._row_branch]
