"""A cohort in training: the networks, losses and optimiser of R runs that step together."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import final

import numpy as np
import torch
from torch import Tensor

from taskgroup.models import (
    run_weights,
)
from taskgroup.spec import SPLITS, RunSpec, Score, Split, Task
from taskgroup.training.feed import Feed, RowData, first_of_streams, follows_validation
from taskgroup.training.gradient_weights import GradientWeights
from taskgroup.training.lessons import NO_LESSONS, Lessons
from taskgroup.training.loss import CohortLoss
from taskgroup.training.loss_weights import LossWeights
from taskgroup.training.metrics import score
from taskgroup.training.optimizer import CohortAdamW, Stacked
from taskgroup.training.own_rows import OwnRowsData
from taskgroup.training.own_rows_feed import OwnRowsFeed
from taskgroup.training.seed_data import SeedData
from taskgroup.training.shapes import Shapes, make_network
from taskgroup.training.shared_feed import SharedFeed
from taskgroup.training.task_gradients import TaskGradients
from taskgroup.training.validation_history import ValidationHistory

_SCORING_ROWS = 1024  # keeps the activations of a scoring pass small


@final
class Cohort:
    """R runs that train together.

    Args:
        members: The runs, all at the same fidelity and capacity; those that read the same rows best stand
            together, and all take equally many steps an epoch.
        seeds: The rows of every seed among them.
        shapes: What the runs have in common.
        lessons: What the teachers of those that are taught say.
        history: What is known of single tasks, and takes in what samplings follow; none by default.
    """

    def __init__(
        self,
        members: Sequence[RunSpec],
        seeds: Mapping[int, RowData],
        shapes: Shapes,
        *,
        lessons: Lessons = NO_LESSONS,
        history: ValidationHistory | None = None,
    ) -> None:
        self._shapes, self._lessons = shapes, lessons
        self._all_seeds = seeds
        self._history = history or ValidationHistory()
        self._n_steps = 0
        self.network = make_network(members, seeds, shapes)
        self._attach()
        self._optimizer = CohortAdamW(self._stacked, self.members)

    @property
    def members(self) -> tuple[RunSpec, ...]:
        """The runs still in training."""
        return self.network.members

    def train_epoch(self, number: int, *, of: int = 1) -> None:
        """Take one pass over the training rows of every run.

        Args:
            number: Of the epoch, from 0.
            of: How many there are, for samplings that change on the way.
        """
        rows = self._feed.epoch(number, progress=number / max(1, of - 1))
        for start in range(0, rows.n_rows, self._shapes.batch_size):
            self._step(*rows.batch(start, self._shapes.batch_size))
        self._weights.end_epoch()

    def outputs(self, split: Split) -> Tensor:
        """All heads' outputs on a scored split, [nodes, columns, rows]."""
        x = self._feed.scored(split).x
        parts = [self.network.evaluate(chunk).clone() for chunk in torch.split(x, _SCORING_ROWS, dim=2)]
        return torch.cat(parts, dim=2)

    def scores(self) -> list[tuple[Score, ...]]:
        """Scores of every run's main tasks on the validation and test rows, a list of length R."""
        by_run: list[list[Score]] = [[] for _ in self.members]
        for split in SPLITS:
            flat = self.outputs(split).flatten(0, 1)
            for position, task in enumerate(self._shapes.tasks):
                if task.role == "auxiliary":
                    continue
                for run, value in self._score_task(position, task, split, flat):
                    by_run[run].append(Score(task.name, split, task.score.name, value))
        return [tuple(scores) for scores in by_run]

    def validation_losses(self) -> np.ndarray:
        """The validation loss of every branch, in the order of `branches`, [P]."""
        rows = self._feed.scored("validation")
        _, y, labelled = rows.batch(0, rows.n_rows)
        targets, mask = self._loss.targets_of_rows(y), self._loss.label_mask(labelled)
        losses: np.ndarray = (
            self._loss.losses(self.outputs("validation"), targets, mask).double().cpu().numpy()
        )
        return losses

    @property
    def needs_validation(self) -> bool:
        """Whether some run's next epoch depends on its validation losses."""
        return any(follows_validation(run, self._shapes.sampling_of(run)) for run in self.members)

    def follow(self, losses: np.ndarray) -> None:
        """Let samplings know how the runs do; they hear no more of tasks that train no further.

        Args:
            losses: `validation_losses` after the epoch, [P].
        """
        self._history.add(self.branches, np.where(self._weights.is_training, losses, np.nan))

    def run_means(self, of_branches: np.ndarray) -> np.ndarray:
        """The mean over each run's main tasks, [R]: what a run is stopped by."""
        main = self.main_branches
        runs = self.network.wiring.branch_run[main]
        return np.bincount(runs, of_branches[main]) / np.bincount(runs)

    @property
    def main_branches(self) -> np.ndarray:
        """Which branches are of main tasks, in the order of `branches`, [P]."""
        return self._shapes.is_main[self.network.wiring.branch_task]

    @property
    def stoppable_branches(self) -> np.ndarray:
        """Which branches are of tasks that are not adversarial, [P]."""
        adversarial = np.array([bool(task.adversarial) for task in self._shapes.tasks])
        return ~adversarial[self.network.wiring.branch_task]

    @property
    def branches(self) -> list[tuple[RunSpec, int]]:
        """Each branch's run and the position of its task, P of them."""
        wiring = self.network.wiring
        return [
            (self.members[run], int(task))
            for run, task in zip(wiring.branch_run, wiring.branch_task, strict=True)
        ]

    def stop_tasks(self, branches: Sequence[int]) -> None:
        """Train some tasks of some runs no further, by position in `branches`."""
        self._weights.stop(branches)

    def finite(self) -> np.ndarray:
        """Which runs have only finite weights, [R]."""
        return self.network.finite()

    def drop(self, runs: Sequence[int]) -> None:
        """Remove runs (positions in `members`) and compact all tensors; the others are not touched."""
        kept = [run for run in range(len(self.members)) if run not in set(runs)]
        branches = torch.from_numpy(np.flatnonzero(np.isin(self.network.wiring.branch_run, kept)))
        loss_weights, gradient_weights = self._weights, self._gradient_weights
        self.network.keep(kept)
        self._attach()
        self._weights.carry_over(loss_weights, branches)
        self._gradient_weights.carry_over(gradient_weights, torch.tensor(kept))
        self._optimizer.keep(self._stacked, kept, self.members)

    def take_weights(self, other: Cohort, runs: Sequence[int]) -> None:
        """Copy the networks of some runs of another cohort (positions there), all of them members here."""
        self.network.take_weights(other.network, runs)

    def weights(self, run: int) -> dict[str, Tensor]:
        """What one run (its position in `members`) has learned, by name."""
        return run_weights(self.network, run)

    def _score_task(
        self, position: int, task: Task, split: Split, flat: Tensor
    ) -> Iterator[tuple[int, float]]:
        wiring = self.network.wiring
        branches = np.flatnonzero(wiring.branch_task == position)
        if not len(branches):
            return
        runs = wiring.branch_run[branches]
        columns = np.arange(self._shapes.n_outputs[task.name])
        first = wiring.branch_node[branches] * wiring.n_columns + wiring.branch_column[branches]
        outputs = flat[torch.from_numpy(first[:, None] + columns).to(flat.device)]
        rows = self._feed.to_score(position, branches, split)
        if rows.columns is not None:
            outputs = outputs.gather(2, rows.columns.unsqueeze(1).expand(-1, len(columns), -1))
        weights = rows.labelled if self._shapes.weighted else None
        values = score(task, outputs, rows.targets, rows.labelled > 0, scale=rows.scale, weights=weights)
        yield from zip(runs.tolist(), values.tolist(), strict=True)

    def _step(self, x: Tensor, y: Tensor, labelled: Tensor | None) -> None:
        outputs = self.network.forward(x)
        targets, mask = self._loss.targets_of_rows(y), self._loss.label_mask(labelled)
        needed = self._weights.need_losses or self._gradient_weights.need_losses
        losses = self._loss.losses(outputs, targets, mask) if needed else None
        by_task = self._task_gradients
        present = self._loss.present(mask) if needed or by_task is not None else None
        weights = self._weights.update(losses, present, step=self._n_steps)
        grad = self._loss.gradient(outputs, targets, mask, weights)
        if by_task is None:
            self.network.backward(x, grad)
        else:
            counting = (present, self._weights.trained)
            by_task.backward(x, grad, step=self._n_steps, losses=losses, counting=counting)
        self._optimizer.step()
        self._n_steps += 1
        self.network.after_step()

    def _attach(self) -> None:
        """Build what depends on the current members: data, loss and weights."""
        shapes, wiring = self._shapes, self.network.wiring
        kinds = [task.kind for task in shapes.tasks]
        self._feed = self._new_feed()
        self._loss = CohortLoss(
            wiring,
            kinds=kinds,
            branch_target=self._feed.branch_target,
            branch_label=self._feed.branch_label,
            dtype=shapes.dtype,
            device=shapes.device,
        )
        is_regression = np.array([kind == "regression" for kind in kinds])[wiring.branch_task]

        def tensor(values: np.ndarray) -> Tensor:
            return torch.tensor(values, dtype=shapes.dtype, device=shapes.device)

        self._weights = LossWeights(
            self.members,
            wiring.branch_run,
            tensor(self._feed.branch_n_labels),
            tensor(is_regression),
            absent_by_design=self._feed.tasks_may_be_absent,
        )
        self._gradient_weights = GradientWeights(self.members)
        self.__dict__.pop("_task_gradients", None)

    @cached_property
    def _task_gradients(self) -> TaskGradients | None:
        """The backward step where some run weighs gradients."""
        needed = self._gradient_weights.needed
        return TaskGradients(self.network, self._gradient_weights) if needed else None

    def _new_feed(self) -> Feed:
        shapes, members, network = self._shapes, self.members, self.network
        own = {seed: data for seed, data in self._all_seeds.items() if isinstance(data, OwnRowsData)}
        if not own:
            shared = {seed: data for seed, data in self._all_seeds.items() if isinstance(data, SeedData)}
            return SharedFeed(
                members,
                network.stream,
                network.wiring,
                shared,
                first_row=shapes.first_row,
                lessons=self._lessons,
            )
        return OwnRowsFeed(
            members,
            network.stream,
            network.wiring,
            own,
            tasks=shapes.tasks,
            samplings=[shapes.sampling_of(run) for run in first_of_streams(members, network.stream)],
            history=self._history,
            batch_size=shapes.batch_size,
            lessons=self._lessons,
        )

    @property
    def _stacked(self) -> list[Stacked]:
        """All trained tensors of the cohort."""
        own = [Stacked(t.name, t.value, t.grad, t.run, t.decays) for t in self.network.trained]
        return [*self._weights.stacked, *own]
