"""The loss weightings of a cohort: each member may use its own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

import numpy as np
import torch
from torch import Tensor

from taskgroup.spec import RunSpec
from taskgroup.training.optimizer import Stacked
from taskgroup.weighting import Branches, CountingEpochs, Remembering, Step, Weighting, make_weighting


@dataclass
class _Group:
    """The branches whose runs use one weighting with the same settings."""

    text: str
    weighting: Weighting
    positions: Tensor
    branches: Branches
    stacked: Stacked | None

    def of(self, values: Tensor | None) -> Tensor | None:
        """These branches' part of [P]."""
        return None if values is None else values[self.positions]


@final
class LossWeights:
    """Current loss weights of all branches, and the learnable parameters behind them.

    Args:
        members: The runs, in cohort order.
        branch_run: The run of each branch, [P].
        n_labels: Labelled training rows of each branch's task, [P].
        is_regression: Whether its loss is a squared error, [P].
        absent_by_design: Whether batches lack tasks by design; learnable parameters then rest meanwhile.
    """

    def __init__(
        self,
        members: Sequence[RunSpec],
        branch_run: np.ndarray,
        n_labels: Tensor,
        is_regression: Tensor,
        *,
        absent_by_design: bool = False,
    ) -> None:
        used = np.array([member.weighting for member in members])[branch_run]
        self._groups = [
            _group(text, np.flatnonzero(used == text), members, branch_run, n_labels, is_regression)
            for text in dict.fromkeys(used.tolist())
        ]
        self._weights, self._trained = torch.ones_like(n_labels), torch.ones_like(n_labels)
        self._all_train, self._absent_by_design = True, absent_by_design
        for group in self._groups:
            if group.weighting.is_constant:
                self._weights[group.positions] = group.weighting.weights(group.branches, None, Step())

    @property
    def need_losses(self) -> bool:
        """Whether any weighting looks at the losses of the step."""
        return any(group.weighting.needs_losses for group in self._groups)

    @property
    def is_training(self) -> np.ndarray:
        """Which branches still train, [P]."""
        return (self._trained > 0).cpu().numpy()

    @property
    def stacked(self) -> list[Stacked]:
        """The learnable parameters, for the optimiser."""
        return [group.stacked for group in self._groups if group.stacked is not None]

    @property
    def trained(self) -> Tensor | None:
        """1 for each branch that still trains, else 0, [P]; None where all do."""
        return None if self._all_train else self._trained

    def update(self, losses: Tensor | None, present: Tensor | None = None, *, step: int = 0) -> Tensor:
        """Compute the weights of this step, and fill the gradients of the learnable parameters.

        Args:
            losses: Of the step, [P]; None where no weighting needs them.
            present: 0 where the batch has no label of the branch's task, so that nothing is to be learned
                from its loss, else 1, [P]; None where all are there.
            step: Steps that were taken before.

        Returns:
            Shape [P].
        """
        for group in self._groups:
            if group.weighting.is_constant or (losses is None and group.weighting.needs_losses):
                continue
            seen = Step(step, group.of(losses), group.of(present), group.of(self.trained))
            parameters = None if group.stacked is None else group.stacked.value
            self._weights[group.positions] = group.weighting.weights(group.branches, parameters, seen)
            if group.stacked is not None and seen.losses is not None:
                gradient = group.weighting.parameter_gradient(
                    group.branches, group.stacked.value, seen.losses
                )
                counts = self._counting(present)
                group.stacked.grad.copy_(gradient if counts is None else gradient * counts[group.positions])
        return self._weights if self._all_train else self._weights * self._trained

    def end_epoch(self) -> None:
        """Tell the weightings that change with the epochs."""
        for group in self._groups:
            if isinstance(group.weighting, CountingEpochs):
                group.weighting.end_epoch()

    def stop(self, branches: Sequence[int]) -> None:
        """Let the losses of some branches count no more."""
        self._trained[torch.tensor(branches, dtype=torch.int64)] = 0.0
        self._all_train = self._all_train and not branches

    def _counting(self, present: Tensor | None) -> Tensor | None:
        watched = present if self._absent_by_design else None
        if self._all_train:
            return watched
        return self._trained if watched is None else watched * self._trained

    def carry_over(self, before: LossWeights, kept_branches: Tensor) -> None:
        """Take over from a larger cohort which branches train, the parameters, and what is remembered.

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
        of_text = {group.text: group for group in before._groups}
        for group in self._groups:
            if group.stacked is not None:
                group.stacked.value.copy_(values[kept_branches][group.positions])
            larger = of_text[group.text]
            if isinstance(larger.weighting, Remembering):
                remain = torch.isin(larger.positions, kept_branches.to(larger.positions))
                larger.weighting.keep(torch.nonzero(remain).flatten())
                group.weighting = larger.weighting


def _group(
    text: str,
    positions: np.ndarray,
    members: Sequence[RunSpec],
    branch_run: np.ndarray,
    n_labels: Tensor,
    is_regression: Tensor,
) -> _Group:
    weighting, where = make_weighting(text), torch.from_numpy(positions).to(n_labels.device)
    owner = branch_run[positions]
    runs, dense_run = np.unique(owner, return_inverse=True)
    branches = Branches(
        torch.from_numpy(dense_run).to(n_labels.device),
        n_labels[where],
        is_regression[where],
        tasks=tuple(task for run in runs for task in members[run].subset),
        seeds=tuple(members[run].seed for run in owner),
    )
    start = weighting.start(branches)
    stacked = (
        None if start is None else Stacked(f"weighting.{text}", start, torch.zeros_like(start), owner, False)
    )
    return _Group(text, weighting, where, branches, stacked)
