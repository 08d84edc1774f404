"""The gradient weightings of a cohort: each member may use its own, or none."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import final

import torch
from torch import Tensor

from taskgroup.spec import RunSpec
from taskgroup.weighting import (
    Gradients,
    GradientWeighting,
    Remembering,
    Runs,
    looks_at_gradients,
    make_gradient_weighting,
)

_LARGEST = 1e60  # squared; whoever has longer gradients has diverged, and solvers would overflow


@dataclass
class _Group:
    """The runs that use one weighting with the same settings, by position in the cohort."""

    text: str
    weighting: GradientWeighting
    runs: Tensor
    most_tasks: int


@final
class GradientWeights:
    """Weights of the tasks' gradients on what each run shares.

    Args:
        members: The runs, in cohort order.

    Attributes:
        n_places: T; the same when runs are dropped.

    Raises:
        MissingExtraError: If a weighting needs packages that are not installed.
    """

    def __init__(self, members: Sequence[RunSpec]) -> None:
        self.n_places = max(len(member.subset) for member in members)
        self._groups: list[_Group] = []
        for text in dict.fromkeys(member.weighting for member in members):
            if looks_at_gradients(text):
                self._groups.append(_group(text, members))

    @property
    def needed(self) -> bool:
        """Whether any run uses such a weighting."""
        return bool(self._groups)

    @property
    def need_losses(self) -> bool:
        """Whether any weighting looks at the losses of the step."""
        return any(group.weighting.needs_losses for group in self._groups)

    def weights(self, step: Gradients) -> Tensor:
        """One weight a run and task, [R, T]; 1 for runs without such a weighting.

        Runs with fewer than two tasks that count keep the plain gradient, and so do those whose gradients
        have lost all bounds: they fail by themselves, and no solver must fail with them.

        Args:
            step: Of all runs of the cohort.
        """
        weights = torch.ones_like(step.gram[:, :, 0])
        fine = (step.gram.abs() < _LARGEST).all(dim=(1, 2)) & (step.counts.sum(dim=1) > 1)
        for group in self._groups:
            part = _part(step, group, fine)
            found = group.weighting.weights(part)
            usable = part.counts & found.isfinite()
            weights[group.runs, : group.most_tasks] = found.where(usable, 1.0)
        return weights

    def carry_over(self, before: GradientWeights, kept_runs: Tensor) -> None:
        """Take over what is remembered from a larger cohort.

        Args:
            before: The weights of that cohort.
            kept_runs: Its runs that remain, by position.
        """
        self.n_places = before.n_places
        of_text = {group.text: group for group in before._groups}
        for group in self._groups:
            larger = of_text[group.text]
            if isinstance(larger.weighting, Remembering):
                larger.weighting.keep(torch.nonzero(torch.isin(larger.runs, kept_runs)).flatten())
                group.weighting, group.most_tasks = larger.weighting, larger.most_tasks


def _group(text: str, members: Sequence[RunSpec]) -> _Group:
    places = [place for place, member in enumerate(members) if member.weighting == text]
    users = [members[place] for place in places]
    weighting = make_gradient_weighting(text)
    weighting.start(Runs(tuple(user.seed for user in users), tuple(user.subset for user in users)))
    return _Group(text, weighting, torch.tensor(places), max(len(user.subset) for user in users))


def _part(step: Gradients, group: _Group, fine: Tensor) -> Gradients:
    """What a weighting is shown: its own runs, without those that have nothing to combine."""
    n, own = group.most_tasks, fine[group.runs]
    counts = step.counts[group.runs, :n] & own.unsqueeze(1)
    both = counts.unsqueeze(1) & counts.unsqueeze(2)
    gram = step.gram[group.runs, :n, :n].where(both, 0.0)

    def counted(values: Tensor | None) -> Tensor | None:
        return None if values is None else values[group.runs, :n].where(counts, 0.0)

    return replace(step, gram=gram, counts=counts, norms=counted(step.norms), losses=counted(step.losses))
