"""The feed of tasks that share their rows: one stream a seed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import final

import numpy as np
import torch
from torch import Tensor

from taskgroup.models import Wiring
from taskgroup.spec import RunSpec, Split
from taskgroup.training.feed import Batches, Indices, Scored, first_of_streams
from taskgroup.training.lessons import Lessons
from taskgroup.training.seed_data import Part, SeedData
from taskgroup.training.taught_rows import TaughtRows


@final
class SharedFeed:
    """Rows that every run of a seed reads, whatever its tasks.

    Args:
        members: The runs.
        stream: The stream of each run, [R].
        wiring: The cohort's forest.
        seeds: The rows of every seed.
        first_row: First target row of every task.
        lessons: What the teachers of those that are taught say.
    """

    tasks_may_be_absent = False

    def __init__(
        self,
        members: Sequence[RunSpec],
        stream: Indices,
        wiring: Wiring,
        seeds: Mapping[int, SeedData],
        *,
        first_row: Sequence[int],
        lessons: Lessons,
    ) -> None:
        self._streams = [seeds[run.seed] for run in first_of_streams(members, stream)]
        self._first_row = first_row
        self._branch_stream = stream[wiring.branch_run]
        self._branch_outputs = wiring.branch_outputs
        n_target_rows, n_tasks = len(self._streams[0].train.y), len(first_row)
        self.branch_target = self._branch_stream * n_target_rows + np.array(first_row)[wiring.branch_task]
        self.branch_label = self._branch_stream * n_tasks + wiring.branch_task
        self._taught = TaughtRows(
            members,
            wiring,
            lessons,
            branch_stream=self._branch_stream,
            branch_target=self.branch_target,
            branch_label=self.branch_label,
            n_target_rows=len(self._streams) * n_target_rows,
            n_label_rows=len(self._streams) * n_tasks,
        )
        n_labels = np.stack([data.n_labels for data in self._streams])
        self.branch_n_labels = n_labels[self._branch_stream, wiring.branch_task]

    def epoch(self, number: int, *, progress: float) -> Batches:  # noqa: D102
        orders = [data.order(number) for data in self._streams]
        parts = [data.train.shuffled(order) for data, order in zip(self._streams, orders, strict=True)]
        return self._taught.training(_side_by_side(parts), orders, progress)

    def scored(self, split: Split) -> Batches:  # noqa: D102
        return self._taught.scored(_side_by_side([data.scored[split] for data in self._streams]))

    def to_score(self, task: int, branches: Indices, split: Split) -> Scored:  # noqa: D102
        data = [self._streams[stream] for stream in self._branch_stream[branches]]
        parts = [d.scored[split] for d in data]
        first = self._first_row[task]
        rows = slice(first, first + int(self._branch_outputs[branches[0]]))
        return Scored(
            columns=None,
            targets=torch.stack([part.y[rows] for part in parts]),
            labelled=torch.stack([part.labelled[task] for part in parts]),
            scale=torch.tensor([d.scale[task] for d in data], device=parts[0].y.device).view(-1, 1, 1),
        )


def _side_by_side(parts: Sequence[Part]) -> Batches:
    complete = all(part.complete for part in parts)
    x = parts[0].x.unsqueeze(0) if len(parts) == 1 else torch.stack([part.x for part in parts])
    labelled = None if complete else _joined([part.labelled for part in parts])
    return Batches(x, _joined([part.y for part in parts]), labelled, x.shape[2] if complete else 0)


def _joined(rows: Sequence[Tensor]) -> Tensor:
    return rows[0] if len(rows) == 1 else torch.cat(list(rows))
