"""Target rows of taught tasks, after those that all runs of a stream read.

Runs that are taught and runs that are not may so train in one cohort: each branch points at the rows that are
its own. Scored rows have the same layout, with the labels as they are.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import final

import numpy as np
import torch
from torch import Tensor

from taskgroup.models import Wiring
from taskgroup.spec import Distillation, RunSpec
from taskgroup.training.feed import Batches, Indices
from taskgroup.training.lessons import Lessons, mixed_targets, with_unlabelled


@dataclass(frozen=True)
class _Lesson:
    """Where the labels of one taught task of one stream stand, and what its teacher says of the rows."""

    stream: int
    teaching: Distillation
    targets: slice
    label: int
    said: Tensor


@final
class TaughtRows:
    """The further rows of a feed.

    Args:
        members: The runs.
        wiring: The cohort's forest.
        lessons: What the teachers of those that are taught say.
        branch_stream: The stream of each branch, [P].
        branch_target: The first target row of each branch, [P]; pointed elsewhere for those that are taught.
        branch_label: The label row of each branch, [P], in the same way.
        n_target_rows: Of all streams, without the further ones.
        n_label_rows: Of all streams, without the further ones.
    """

    def __init__(
        self,
        members: Sequence[RunSpec],
        wiring: Wiring,
        lessons: Lessons,
        *,
        branch_stream: Indices,
        branch_target: Indices,
        branch_label: Indices,
        n_target_rows: int,
        n_label_rows: int,
    ) -> None:
        self._n_targets, self._n_labels = n_target_rows, n_label_rows
        self._lessons: list[_Lesson] = []
        places: dict[tuple[int, RunSpec, str], tuple[int, int]] = {}
        for p, run, teacher in _taught_branches(members, wiring, lessons):
            stream, said = int(branch_stream[p]), lessons.said[teacher]
            key = stream, teacher, run.distillation
            if key not in places:
                targets = slice(int(branch_target[p]), int(branch_target[p]) + len(said))
                teaching = Distillation.of(run.distillation)
                places[key] = self._add(_Lesson(stream, teaching, targets, int(branch_label[p]), said))
            branch_target[p], branch_label[p] = places[key]

    def _add(self, lesson: _Lesson) -> tuple[int, int]:
        """The first target row and the label row of the branches that it is for."""
        own = self._n_targets, self._n_labels if lesson.teaching.unlabelled else lesson.label
        self._lessons.append(lesson)
        self._n_targets += len(lesson.said)
        self._n_labels += lesson.teaching.unlabelled
        return own

    def training(self, rows: Batches, orders: Sequence[Tensor], progress: float) -> Batches:
        """The rows of an epoch with those of the lessons.

        Args:
            rows: As untaught runs read them.
            orders: The order of each stream's rows, [n] each.
            progress: From 0 in the first epoch to 1 in the last.
        """
        targets, counts = [rows.y], [rows.labelled]
        for lesson in self._lessons:
            share = lesson.teaching.label_share(progress)
            said = lesson.said.index_select(1, orders[lesson.stream])
            mixed = mixed_targets(rows.y[lesson.targets], said, share)
            if lesson.teaching.unlabelled and rows.labelled is not None:
                mixed, weights = with_unlabelled(mixed, rows.labelled[lesson.label], said, share)
                counts.append(weights.unsqueeze(0))
            targets.append(mixed)
        return _joined(rows, targets, counts)

    def scored(self, rows: Batches) -> Batches:
        """Scored rows in the same layout."""
        targets, counts = [rows.y], [rows.labelled]
        for lesson in self._lessons:
            targets.append(rows.y[lesson.targets])
            if lesson.teaching.unlabelled and rows.labelled is not None:
                counts.append(rows.labelled[lesson.label : lesson.label + 1])
        return _joined(rows, targets, counts)


def _taught_branches(
    members: Sequence[RunSpec], wiring: Wiring, lessons: Lessons
) -> Iterator[tuple[int, RunSpec, RunSpec]]:
    """Every taught branch with its run and its teacher."""
    for position, run in enumerate(members):
        if run.distillation:
            branches = np.flatnonzero(wiring.branch_run == position).tolist()
            teachers = lessons.teachers(run)
            for p, task in zip(branches, run.subset, strict=True):
                if task in teachers:
                    yield p, run, teachers[task]


def _joined(rows: Batches, targets: Sequence[Tensor], counts: Sequence[Tensor | None]) -> Batches:
    if len(targets) == 1:
        return rows
    known = [count for count in counts if count is not None]
    return replace(rows, y=torch.cat(list(targets)), labelled=torch.cat(known) if known else None)
