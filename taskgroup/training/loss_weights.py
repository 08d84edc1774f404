"""The weightings of a cohort: each member may use its own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

import numpy as np
import torch
from torch import Tensor

from taskgroup.spec import RunSpec
from taskgroup.training.optimizer import Stacked
from taskgroup.weighting import WEIGHTINGS, Branches, Weighting


@dataclass
class _Group:
    """The branches whose runs use one weighting."""

    weighting: Weighting
    positions: Tensor
    branches: Branches
    stacked: Stacked | None


@final
class LossWeights:
    """Current loss weights of all branches, and the learnable parameters behind them.

    Args:
        members: The runs, in cohort order.
        branch_run: The run of each branch, [P].
        n_labels: Labelled training rows of each branch's task, [P].
        is_regression: Whether its loss is a squared error, [P].
    """

    def __init__(
        self, members: Sequence[RunSpec], branch_run: np.ndarray, n_labels: Tensor, is_regression: Tensor
    ) -> None:
        used = np.array([member.weighting for member in members])[branch_run]
        self._groups = [
            _group(name, np.flatnonzero(used == name), branch_run, n_labels, is_regression)
            for name in dict.fromkeys(used.tolist())
        ]
        self._weights, self._trained = torch.ones_like(n_labels), torch.ones_like(n_labels)
        self._all_train = True
        for group in self._groups:
            if not group.weighting.needs_losses:
                self._weights[group.positions] = group.weighting.weights(group.branches, None, None)

    @property
    def need_losses(self) -> bool:
        """Whether any weighting looks at the losses of the step."""
        return any(group.weighting.needs_losses for group in self._groups)

    @property
    def trained(self) -> np.ndarray:
        """Which branches still train, [P]."""
        return (self._trained > 0).cpu().numpy()

    @property
    def stacked(self) -> list[Stacked]:
        """The learnable parameters, for the optimiser."""
        return [group.stacked for group in self._groups if group.stacked is not None]

    def update(self, losses: Tensor | None, present: Tensor | None = None) -> Tensor:
        """Compute the weights of this step, and fill the gradients of the learnable parameters.

        Args:
            losses: Of the step, [P]; None where no weighting needs them.
            present: 0 where the batch has no row of the branch's task, so that nothing is to be learned from
                its loss, else 1, [P]; None where all are there.

        Returns:
            Shape [P].
        """
        for group in self._groups:
            if not group.weighting.needs_losses or losses is None:
                continue
            own = losses[group.positions]
            parameters = None if group.stacked is None else group.stacked.value
            self._weights[group.positions] = group.weighting.weights(group.branches, parameters, own)
            if group.stacked is not None:
                gradient = group.weighting.parameter_gradient(group.branches, group.stacked.value, own)
                counts = self._counting(present)
                group.stacked.grad.copy_(gradient if counts is None else gradient * counts[group.positions])
        return self._weights if self._all_train else self._weights * self._trained

    def stop(self, branches: Sequence[int]) -> None:
        """Let the losses of some branches count no more."""
        self._trained[torch.tensor(branches, dtype=torch.int64)] = 0.0
        self._all_train = self._all_train and not branches

    def _counting(self, present: Tensor | None) -> Tensor | None:
        if self._all_train:
            return present
        return self._trained if present is None else present * self._trained

    def carry_over(self, before: LossWeights, kept_branches: Tensor) -> None:
        """Take over from a larger cohort which branches train, and the parameters.

        Args:
            before: The weights of that cohort.
            kept_branches: Its branches that remain, by position.
        """
        self._trained.copy_(before._trained[kept_branches])
        self._all_train = bool((self._trained > 0).all())
        values = torch.zeros(len(before._weights), dtype=self._weights.dtype, device=self._weights.device)
        for group in before._groups:
            if group.stacked is not None:
                values[group.positions] = group.stacked.value
        for group in self._groups:
            if group.stacked is not None:
                group.stacked.value.copy_(values[kept_branches][group.positions])


def _group(
    name: str, positions: np.ndarray, branch_run: np.ndarray, n_labels: Tensor, is_regression: Tensor
) -> _Group:
    weighting, where = WEIGHTINGS[name](), torch.from_numpy(positions).to(n_labels.device)
    owner = branch_run[positions]
    _, dense_run = np.unique(owner, return_inverse=True)
    branches = Branches(
        torch.from_numpy(dense_run).to(n_labels.device), n_labels[where], is_regression[where]
    )
    start = weighting.start(branches)
    stacked = (
        None if start is None else Stacked(f"weighting.{name}", start, torch.zeros_like(start), owner, False)
    )
    return _Group(weighting, where, branches, stacked)
