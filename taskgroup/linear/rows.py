"""Training rows of all tasks, and the tasks among them whose coefficients can be compared.

Shape letters: N rows, D features, T tasks, O outputs of all tasks, M members of a family, n rows of a member,
C outputs of a member.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from taskgroup.linear.family import Family, Member
from taskgroup.linear.penalised import PenalisedFits
from taskgroup.spec import Task

Floats = NDArray[np.float64]
_OWN_ROWS_SHARE = 0.5  # members with fewer of all rows than this have them copied beside one another


@dataclass(frozen=True, eq=False)
class LinearRows:
    """Rows to fit.

    Attributes:
        x: Standardised features, ``[N, D]``.
        targets: 0/1 labels, one-hot classes or standardised values, ``[O, N]``.
        counts: How much each label counts, 0 where there is none, ``[T, N]``. Tasks with rows of their own
            have no labels in the others.
        tasks: In the order of ``counts``.
        outputs: Each task's slice of the O outputs, by name.
    """

    x: Floats
    targets: Floats
    counts: Floats
    tasks: tuple[Task, ...]
    outputs: Mapping[str, slice]

    @cached_property
    def fits(self) -> tuple[PenalisedFits, ...]:
        """Fits of each family under quadratic penalties; each is made once, whatever method asks for it."""
        return tuple(PenalisedFits(family) for family in self.families)

    @cached_property
    def families(self) -> tuple[Family, ...]:
        """Tasks of one kind with equally many outputs, in the order of their first tasks.

        Coefficients of other tasks have another meaning, so that none of their distances would tell anything.
        The labels of a multilabel task are binary members of their own; classes are compared in the order
        of their codes.
        """
        found: dict[tuple[str, int], list[tuple[int, Member]]] = {}
        for position, task in enumerate(self.tasks):
            for member in self._members(task):
                found.setdefault((_LOSS[task.kind], member.n_outputs), []).append((position, member))
        return tuple(self._family(loss, members) for (loss, _), members in found.items())

    def _members(self, task: Task) -> list[Member]:
        outputs = self.outputs[task.name]
        if task.kind != "multilabel":
            return [Member(task.name, outputs)]
        return [
            Member(f"{task.name}[{column}]", slice(row, row + 1))
            for column, row in zip(task.columns, range(outputs.start, outputs.stop), strict=True)
        ]

    def _family(self, loss: str, members: Sequence[tuple[int, Member]]) -> Family:
        counts = np.stack([self.counts[position] for position, _ in members])
        targets = np.stack([self.targets[member.outputs].T for _, member in members])
        n_labels = (counts > 0).sum(axis=1)
        family = tuple(member for _, member in members)
        if n_labels.max() > _OWN_ROWS_SHARE * counts.shape[1]:
            return Family(family, loss, self.x[None], targets, counts)
        order = np.argsort(counts <= 0, axis=1, kind="stable")[:, : n_labels.max()]
        return Family(
            family,
            loss,
            self.x[order],
            np.take_along_axis(targets, order[:, :, None], axis=1),
            np.take_along_axis(counts, order, axis=1),
        )


_LOSS = {
    "regression": "squared",
    "binary": "logistic",
    "multilabel": "logistic",
    "multiclass": "softmax",
}
