"""Losses of all branches of a cohort, and their gradient with respect to the outputs, in closed form.

Outputs are seen as flat rows, one an output column of a node, [rows, B]. For each kind of task the gradient
has the same form, `activation(output) - target`, with the activation of its loss: the identity (squared
error), the logistic function (binary cross entropy) or the softmax over the task's rows (cross entropy).

Shape letters: P branches, B examples, O target rows, L label rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import final

import numpy as np
import torch
from torch import Tensor

from taskgroup.models import Wiring
from taskgroup.spec import Kind

_LEAST_WEIGHT = 1e-6  # keeps a division by zero from happening where a batch has no label
_GRADIENT_FACTOR: dict[Kind, float] = {"regression": 2.0, "binary": 1.0, "multilabel": 1.0, "multiclass": 1.0}


@final
class CohortLoss:
    """Mean loss over labelled rows, weighted where labels have weights, for every branch.

    A task of several label or regression columns has the mean of their losses.

    Args:
        wiring: The cohort's forest.
        kinds: Kind of every task, in task-list order.
        branch_target: First target row of each branch, [P].
        branch_label: Label row of each branch, [P].
        dtype: Of outputs and targets.
        device: Where they live.
    """

    def __init__(
        self,
        wiring: Wiring,
        *,
        kinds: Sequence[Kind],
        branch_target: np.ndarray,
        branch_label: np.ndarray,
        dtype: torch.dtype,
        device: torch.device | str,
    ) -> None:
        w = wiring
        row_branch = _branch_of_rows(w)
        row_target, row_label = np.zeros_like(row_branch), np.zeros_like(row_branch)
        row_share, row_factor = np.zeros(len(row_branch)), np.zeros(len(row_branch))
        sigmoid = np.zeros((len(row_branch), 1), dtype=bool)
        softmax: dict[int, list[np.ndarray]] = {}
        for p in range(w.n_branches):
            task, n_outputs = int(w.branch_task[p]), int(w.branch_outputs[p])
            start = w.branch_node[p] * w.n_columns + w.branch_column[p]
            rows, kind = np.arange(start, start + n_outputs), kinds[task]
            row_target[rows] = branch_target[p] + np.arange(n_outputs)
            row_label[rows] = branch_label[p]
            row_share[rows] = 1.0 if kind == "multiclass" else 1.0 / n_outputs
            row_factor[rows] = row_share[rows] * _GRADIENT_FACTOR[kind]
            sigmoid[rows] = kind in ("binary", "multilabel")
            if kind == "multiclass":
                softmax.setdefault(n_outputs, []).append(rows)

        def tensor(values: np.ndarray, dtype: torch.dtype | None = None) -> Tensor:
            return torch.tensor(values, dtype=dtype, device=device)

        first = w.branch_node * w.n_columns + w.branch_column
        self._first_output = torch.from_numpy(first).to(device)
        self._n_branches, self._row_branch = w.n_branches, tensor(row_branch)
        self._row_target, self._row_label = tensor(row_target), tensor(row_label)
        self._row_share, self._row_factor = tensor(row_share, dtype), tensor(row_factor, dtype)
        self._sigmoid = tensor(sigmoid) if sigmoid.any() else None
        self._softmax = [tensor(np.stack(rows)) for rows in softmax.values()]
        self._buffers: dict[tuple[str, int], Tensor] = {}

    def targets_of_rows(self, targets: Tensor) -> Tensor:
        """Pick each output row's targets: [O, B] to [rows, B], in a buffer kept for each B."""
        return self._pick("targets", targets, self._row_target)

    def label_mask(self, labelled: Tensor | None) -> Tensor | None:
        """Pick each output row's label weights: [L, B] to [rows, B]; None where every label counts as one."""
        return None if labelled is None else self._pick("mask", labelled, self._row_label)

    def gradient(self, outputs: Tensor, targets: Tensor, mask: Tensor | None, weights: Tensor) -> Tensor:
        """Gradient of `sum_p weights_p * loss_p` with respect to the outputs.

        Args:
            outputs: [nodes, columns, B].
            targets: [rows, B], from `targets_of_rows`; overwritten.
            mask: [rows, B], from `label_mask`.
            weights: [P].

        Returns:
            [nodes, columns, B], sharing memory with `targets`.
        """
        grad = torch.sub(self._activate(outputs.view(targets.shape)), targets, out=targets)
        scale = weights.index_select(0, self._row_branch).mul_(self._row_factor)
        grad.mul_(scale.div_(_count(mask, targets)).unsqueeze(1))
        if mask is not None:
            grad.mul_(mask)
        return grad.view(outputs.shape)

    def losses(self, outputs: Tensor, targets: Tensor, mask: Tensor | None) -> Tensor:
        """Mean loss of each branch over its labelled rows, [P]; 0 where a batch has none."""
        flat = outputs.view(targets.shape)
        losses = (flat - targets).square_()
        if self._sigmoid is not None:
            cross_entropy = torch.nn.functional.softplus(flat).addcmul_(targets, flat, value=-1.0)
            losses = torch.where(self._sigmoid, cross_entropy, losses)
        for rows in self._softmax:
            losses[rows] = -targets[rows] * flat[rows].log_softmax(dim=1)
        if mask is not None:
            losses.mul_(mask)
        of_rows = losses.sum(dim=1).mul_(self._row_share).div_(_count(mask, targets))
        return of_rows.new_zeros(self._n_branches).index_add_(0, self._row_branch, of_rows)

    def present(self, mask: Tensor | None) -> Tensor | None:
        """1 for each branch that has a label among the rows of a mask, [P]; None where all have."""
        if mask is None:
            return None
        return (mask.index_select(0, self._first_output).sum(dim=1) > 0).to(mask.dtype)

    def _activate(self, flat: Tensor) -> Tensor:
        if self._sigmoid is None and not self._softmax:
            return flat
        active = flat.clone() if self._sigmoid is None else torch.where(self._sigmoid, flat.sigmoid(), flat)
        for rows in self._softmax:
            active[rows] = flat[rows].softmax(dim=1)
        return active

    def _pick(self, role: str, source: Tensor, index: Tensor) -> Tensor:
        key = (role, source.shape[1])
        if key not in self._buffers:
            self._buffers[key] = source.new_empty((len(index), source.shape[1]))
        return torch.index_select(source, 0, index, out=self._buffers[key])


def _branch_of_rows(wiring: Wiring) -> np.ndarray:
    """The branch of each output row, [rows]; padding rows join their node's first branch, at no weight."""
    _, first = np.unique(wiring.branch_node, return_index=True)
    branch = np.repeat(first, wiring.n_columns)
    for p in range(wiring.n_branches):
        start = wiring.branch_node[p] * wiring.n_columns + wiring.branch_column[p]
        branch[start : start + wiring.branch_outputs[p]] = p
    return branch


def _count(mask: Tensor | None, targets: Tensor) -> Tensor | float:
    """Labelled examples of each row, or the sum of their weights, [rows]."""
    return float(targets.shape[1]) if mask is None else mask.sum(dim=1).clamp_(min=_LEAST_WEIGHT)
