"""The feed of tasks with rows of their own: one stream for each subset of a seed, or for each run.

A stream holds the rows of its subset's tasks and no others. Runs share one where nothing that they do changes
the order in which they see the rows. Every branch sees all rows of its stream, with a
label on those of its own task. Features are standardised over the stream's own training rows, as a network
trained alone on them would have it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import final

import numpy as np
import torch
from torch import Tensor

from taskgroup.models import Wiring
from taskgroup.spec import SPLITS, RunSpec, Split, Task
from taskgroup.training.feed import Batches, Indices, Scored, first_of_streams
from taskgroup.training.lessons import Lessons
from taskgroup.training.own_rows import OwnRowsData, Pool
from taskgroup.training.sampling import EpochKeys, Sampling, StreamDraws
from taskgroup.training.taught_rows import TaughtRows
from taskgroup.training.validation_history import ValidationHistory


@final
class OwnRowsFeed:
    """The rows of each run's own tasks.

    Args:
        members: The runs; their streams have equally many batches an epoch.
        stream: The stream of each run, [R].
        wiring: The cohort's forest.
        seeds: The rows of every seed.
        tasks: The task list.
        samplings: How the batches of every stream mix tasks, S of them.
        history: The runs' validation losses so far.
        batch_size: Rows a step.
        lessons: What the teachers of those that are taught say.
    """

    tasks_may_be_absent = True

    def __init__(
        self,
        members: Sequence[RunSpec],
        stream: Indices,
        wiring: Wiring,
        seeds: Mapping[int, OwnRowsData],
        *,
        tasks: Sequence[Task],
        samplings: Sequence[Sampling],
        history: ValidationHistory,
        batch_size: int,
        lessons: Lessons,
    ) -> None:
        position = {task.name: i for i, task in enumerate(tasks)}
        first = first_of_streams(members, stream)
        self._samplings, self._history, self._batch_size = samplings, history, batch_size
        self._first = first
        self._tasks = [[position[name] for name in run.subset] for run in first]
        self._used = {run.seed: seeds[run.seed] for run in first}
        self._data = [seeds[run.seed] for run in first]
        self._branch_stream, self._branch_outputs = stream[wiring.branch_run], wiring.branch_outputs
        self._pools = {split: _Pools([d.scored[split] for d in self._used.values()]) for split in SPLITS}
        self._train = _Pools([data.train for data in self._used.values()])
        self._place = {seed: i for i, seed in enumerate(self._used)}
        self._moments = self._standardisation()
        self._scored: dict[Split, Batches] = {}
        sizes = [len(subset) for subset in self._tasks]
        starts = np.concatenate([[0], np.cumsum(sizes)])
        device = self._train.x.device
        self._label_stream = torch.from_numpy(np.repeat(np.arange(len(sizes)), sizes)).to(device)
        self._label_task = torch.tensor([task for subset in self._tasks for task in subset], device=device)
        within = [
            self._tasks[s].index(int(t)) for s, t in zip(self._branch_stream, wiring.branch_task, strict=True)
        ]
        self.branch_target = self._branch_stream * self._train.y.shape[1]
        self.branch_label = starts[self._branch_stream] + np.array(within)
        self._taught = TaughtRows(
            members,
            wiring,
            lessons,
            branch_stream=self._branch_stream,
            branch_target=self.branch_target,
            branch_label=self.branch_label,
            n_target_rows=len(sizes) * self._train.y.shape[1],
            n_label_rows=int(starts[-1]),
        )
        self.branch_n_labels = np.array(
            [self._data[s].n_labels[t] for s, t in zip(self._branch_stream, wiring.branch_task, strict=True)]
        )

    def epoch(self, number: int, *, progress: float) -> Batches:  # noqa: D102
        keys = {data.seed: EpochKeys(data.seed, number, data.train.n_rows) for data in self._used.values()}
        orders = []
        for stream, (data, sampling) in enumerate(zip(self._data, self._samplings, strict=True)):
            draws = self._draws(stream, keys[data.seed])
            orders.append(sampling.order(draws, batch_size=self._batch_size, progress=progress))
        places = [self._place[data.seed] for data in self._data]
        numbered = [self._train.numbered(*pair) for pair in zip(orders, places, strict=True)]
        rows = self._gather(self._train, _padded(numbered))
        own = torch.from_numpy(np.maximum(_padded(orders), 0)).to(rows.y.device)
        return self._taught.training(rows, list(own), progress)

    def _draws(self, stream: int, keys: EpochKeys) -> StreamDraws:
        data, tasks, run = self._data[stream], self._tasks[stream], self._first[stream]
        return StreamDraws(
            keys,
            [data.train.rows[task] for task in tasks],
            run.subset,
            losses=self._history.of(run, tasks) if self._samplings[stream].needs_validation else None,
            alone=self._history.alone(run),
            similarity=lambda a, b: data.similarity.of(tasks[a], tasks[b]),
        )

    def scored(self, split: Split) -> Batches:  # noqa: D102
        if split not in self._scored:
            pools = self._pools[split]
            orders = [
                pools.numbered(np.concatenate(self._scored_rows(stream, split)), self._place[data.seed])
                for stream, data in enumerate(self._data)
            ]
            self._scored[split] = self._taught.scored(self._gather(pools, _padded(orders)))
        return self._scored[split]

    def to_score(self, task: int, branches: Indices, split: Split) -> Scored:  # noqa: D102
        streams = self._branch_stream[branches]
        columns, rows = [], []
        for stream in streams.tolist():
            of_tasks, place = self._scored_rows(stream, split), self._tasks[stream].index(task)
            start = sum(len(own) for own in of_tasks[:place])
            columns.append(np.arange(start, start + len(of_tasks[place])))
            rows.append(self._pools[split].numbered(of_tasks[place], self._place[self._data[stream].seed]))
        pools, numbers = self._pools[split], _padded(rows)
        index, there = pools.index(numbers)
        outputs = slice(int(self._branch_outputs[branches[0]]))
        scale = np.array([[[self._data[s].scale[task]]] for s in streams])
        return Scored(
            columns=torch.from_numpy(np.maximum(_padded(columns), 0)).to(index.device),
            targets=pools.y[index][:, :, outputs].transpose(1, 2),
            labelled=pools.weight[index] * there,
            scale=torch.from_numpy(scale).to(index.device),
        )

    def _scored_rows(self, stream: int, split: Split) -> list[Indices]:
        """The scored rows of every task of a stream, within its seed."""
        return [self._data[stream].scored[split].rows[task] for task in self._tasks[stream]]

    def _gather(self, pools: _Pools, numbers: Indices) -> Batches:
        """Put rows side by side, [S, n] by number, -1 for none."""
        index, there = pools.index(numbers)
        flat = index.flatten()
        x = pools.x.index_select(0, flat).view(len(index), index.shape[1], -1).transpose(1, 2).contiguous()
        if self._moments is not None:
            mean, inverse = self._moments
            x.sub_(mean).mul_(inverse)
        y = pools.y.index_select(0, flat).view(len(index), index.shape[1], -1).transpose(1, 2).flatten(0, 1)
        weight, owner = pools.weight[index] * there, pools.owner[index]
        labelled = weight[self._label_stream] * (owner[self._label_stream] == self._label_task.unsqueeze(1))
        complete = (numbers >= 0).all(axis=0)
        mixed = pools.weighted or max(map(len, self._tasks)) > 1
        n_complete = 0 if mixed else int(np.argmin(np.append(complete, False)))
        return Batches(x, y.contiguous(), labelled, n_complete)

    def _standardisation(self) -> tuple[Tensor, Tensor] | None:
        """Mean and inverse standard deviation of every stream, both [S, D, 1]; None where none is wanted."""
        streams = zip(self._data, self._tasks, strict=True)
        pairs = [data.moments.of(tasks) for data, tasks in streams if data.moments is not None]
        if not pairs:
            return None
        mean, deviation = np.stack([m for m, _ in pairs]), np.stack([d for _, d in pairs])
        like = self._train.x
        return (
            torch.from_numpy(mean).to(like).unsqueeze(2),
            torch.from_numpy(1.0 / deviation).to(like).unsqueeze(2),
        )


@final
class _Pools:
    """The rows of several seeds in one, so that a single look-up gathers from all.

    Args:
        pools: One a seed.
    """

    def __init__(self, pools: Sequence[Pool]) -> None:
        self.x, self.y, self.weight, self.owner = (
            getattr(pools[0], name) if len(pools) == 1 else torch.cat([getattr(p, name) for p in pools])
            for name in ("x", "y", "weight", "owner")
        )
        self.weighted = any(pool.weighted for pool in pools)
        self._starts = np.concatenate([[0], np.cumsum([pool.n_rows for pool in pools])])

    def numbered(self, rows: Indices, pool: int) -> Indices:
        """Renumber rows of one seed's pool; -1 stays."""
        return np.where(rows < 0, -1, rows + self._starts[pool])

    def index(self, numbers: Indices) -> tuple[Tensor, Tensor]:
        """Row numbers that can be looked up, and 1 where there is a row, both in the shape of `numbers`."""
        index = torch.from_numpy(np.maximum(numbers, 0)).to(self.x.device)
        return index, torch.from_numpy(numbers >= 0).to(self.x)


def _padded(orders: Sequence[Indices]) -> Indices:
    """Row numbers of unequal length as one array, filled up with -1."""
    padded = np.full((len(orders), max(map(len, orders))), -1, dtype=np.int64)
    for row, order in zip(padded, orders, strict=True):
        row[: len(order)] = order
    return padded
