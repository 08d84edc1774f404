"""What one joint training shows about its tasks on the way: gradients on shared weights, lookahead losses.

Cheap affinity estimators need no further training than this one. At the start of every epoch, before any
weight moves, the next batches are looked at: the gradient of each task's loss with respect to the shared
blocks, and what a plain step along one task's gradient would do to every task's loss. Only products of
gradients are kept, which are small however large the network is. At the end, the network is linearised
where it did best.

Shape letters: C checkpoints, T tasks, P shared parameters, B examples.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from taskgroup.errors import InputError, RunFailedError
from taskgroup.models import StackedLinear, StackedMLP
from taskgroup.spec import RunSpec, Sharing, Subset
from taskgroup.training.cohort import Cohort
from taskgroup.training.linearisation import Linearised, linearise
from taskgroup.training.loop import EarlyStopping
from taskgroup.training.loss import CohortLoss
from taskgroup.training.network_flops import network_flops, training_flops
from taskgroup.training.seed_data import Part, SeedData
from taskgroup.training.shapes import Shapes

BATCHES_AN_EPOCH = 2

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class JointProbe:
    """What the joint training of all tasks showed at one seed.

    Attributes:
        tasks: The task list, in the order of all axes of length T.
        seed: The run seed.
        step_size: The plain step that the lookahead losses were taken after: the run's learning rate.
        losses: [C, T]; NaN where the batch has no label of the task.
        products: Inner products of the tasks' gradients with respect to the shared blocks, [C, T, T].
        lookahead: The loss of a task (last axis) after a step on another (middle axis) alone, [C, T, T].
        linearised: Each task's outputs as linear functions of the shared blocks, by task name.
        epochs: Epochs trained.
        flops: Operations of the parts: `training`, `gradients`, `lookahead`, `linearised`.
    """

    tasks: Subset
    seed: int
    step_size: float
    losses: Floats
    products: Floats
    lookahead: Floats
    linearised: Mapping[str, Linearised]
    epochs: int
    flops: Mapping[str, float]


def probe_joint_training(
    run: RunSpec, data: SeedData, shapes: Shapes, *, max_epochs: int, patience: int | None = None
) -> JointProbe:
    """Train all tasks together as `train_cohort` would, and look at the shared blocks on the way.

    Args:
        run: The joint run.
        data: The rows of its seed.
        shapes: What the runs of the study have in common.
        max_epochs: Epochs at full fidelity.
        patience: As for `train_cohort`; the network is then linearised at its best epoch.

    Raises:
        InputError: If the run shares no block, or not as it is.
        RunFailedError: If the training diverged before anything was seen.
    """
    _require_sharing(run.sharing)
    cohort, best = Cohort([run], {run.seed: data}, shapes), Cohort([run], {run.seed: data}, shapes)
    stopping = None if patience is None else EarlyStopping(patience, best)
    blocks = SharedBlocks(cohort, data, shapes)
    looks: list[Look] = []
    epochs = 0
    while epochs < max_epochs and cohort.finite()[0]:
        looks += [blocks.look(batch) for batch in _batches(data.epoch(epochs), shapes.batch_size)]
        cohort.train_epoch(epochs)
        epochs += 1
        if stopping is not None and stopping.update(cohort, cohort.validation_losses(), epochs):
            break
        if stopping is None and cohort.finite()[0]:
            best.take_weights(cohort, [0])
    looks = [look for look in looks if look.finite]
    if not looks:
        raise RunFailedError("the joint training diverged at once; lower training.learning_rate")
    linearised = linearise(_linear_layers(best), data, shapes)
    return JointProbe(
        tasks=run.subset,
        seed=run.seed,
        step_size=run.learning_rate,
        losses=np.stack([look.losses for look in looks]),
        products=np.stack([look.products for look in looks]),
        lookahead=np.stack([look.lookahead for look in looks]),
        linearised=linearised,
        epochs=epochs,
        flops=_flops(run, data, shapes, epochs=epochs, n_looks=len(looks), linearised=linearised),
    )


@dataclass(frozen=True)
class Look:
    """What one batch shows at the weights of the moment; NaN where it has no label of a task.

    Attributes:
        losses: [T].
        products: [T, T], see `JointProbe`.
        lookahead: [T, T], see `JointProbe`.
        finite: Whether all that labels say something about is a finite number.
    """

    losses: Floats
    products: Floats
    lookahead: Floats
    finite: bool


@final
class SharedBlocks:
    """The shared blocks of a cohort of one run, looked at batch by batch; no weight is changed for good.

    Args:
        cohort: The one run.
        data: Its rows.
        shapes: What the runs of the study have in common.
    """

    def __init__(self, cohort: Cohort, data: SeedData, shapes: Shapes) -> None:
        (run,) = cohort.members
        self._network, self._step_size = _linear_layers(cohort), run.learning_rate
        self._blocks: list[StackedLinear] = self._network.blocks[: run.sharing.depth]
        self._tasks = torch.from_numpy(cohort.network.wiring.branch_task).to(shapes.device)
        self._loss = CohortLoss(
            cohort.network.wiring,
            kinds=[task.kind for task in shapes.tasks],
            branch_target=np.array(shapes.first_row)[cohort.network.wiring.branch_task],
            branch_label=cohort.network.wiring.branch_task,
            dtype=shapes.dtype,
            device=shapes.device,
        )

    def look(self, batch: Part) -> Look:
        """Take the gradient of every task and a step along each."""
        absent = batch.labelled[self._tasks].sum(dim=1).cpu().numpy() == 0
        losses = self._losses(batch)
        gradients = torch.stack([self._gradient(batch, task) for task in range(len(losses))])
        lookahead = np.stack([self._losses_after(batch, gradient) for gradient in gradients])
        products = (gradients @ gradients.t()).double().cpu().numpy()
        finite = bool(
            np.isfinite(losses).all() and np.isfinite(products).all() and np.isfinite(lookahead).all()
        )
        losses[absent] = products[absent] = products[:, absent] = np.nan
        lookahead[absent] = lookahead[:, absent] = np.nan
        return Look(losses, products, lookahead, finite)

    def _losses(self, batch: Part) -> Floats:
        outputs = self._network.forward(batch.x.unsqueeze(0))
        return self._loss.losses(outputs, *self._targets(batch)).double().cpu().numpy()

    def _gradient(self, batch: Part, task: int) -> Tensor:
        """The gradient of one task's loss, flattened to [P]."""
        x, weights = batch.x.unsqueeze(0), torch.zeros_like(self._tasks, dtype=batch.x.dtype)
        weights[task] = 1.0
        outputs = self._network.forward(x)
        self._network.backward(x, self._loss.gradient(outputs, *self._targets(batch), weights))
        return torch.cat([part.flatten() for b in self._blocks for part in (b.weight_grad, b.bias_grad)])

    def _losses_after(self, batch: Part, gradient: Tensor) -> Floats:
        """All losses after a plain step along one gradient, which is then taken back."""
        parts = [part for block in self._blocks for part in (block.weight, block.bias)]
        kept = [part.clone() for part in parts]
        pieces = torch.split(gradient, [part.numel() for part in parts])
        for part, piece in zip(parts, pieces, strict=True):
            part.sub_(piece.view_as(part), alpha=self._step_size)
        losses = self._losses(batch)
        for part, before in zip(parts, kept, strict=True):
            part.copy_(before)
        return losses

    def _targets(self, batch: Part) -> tuple[Tensor, Tensor | None]:
        mask = None if batch.complete else self._loss.label_mask(batch.labelled)
        return self._loss.targets_of_rows(batch.y), mask


def _linear_layers(cohort: Cohort) -> StackedMLP:
    assert isinstance(cohort.network, StackedMLP)  # the trainer refuses to probe other encoders
    return cohort.network


def _batches(rows: Part, batch_size: int) -> Iterator[Part]:
    """The first batches of an epoch."""
    for start in range(0, min(rows.n_rows, BATCHES_AN_EPOCH * batch_size), batch_size):
        chosen = slice(start, start + batch_size)
        yield Part(rows.x[:, chosen], rows.y[:, chosen], rows.labelled[:, chosen], rows.complete)


def _require_sharing(sharing: Sharing) -> None:
    if not sharing.is_hard:
        raise InputError(
            f"the joint recipe shares by {sharing.method.in_words}, but estimators that look at gradients "
            "need blocks that all tasks share; use one that looks at gains or at labels, or let "
            "search.sharing.kind list 'hard' alone"
        )
    if sharing.depth < 1:
        raise InputError(
            "the joint recipe shares no block (sharing depth 0), so that tasks cannot influence each other "
            "and nothing is left to estimate; allow a larger search.sharing.depth"
        )


def _flops(
    run: RunSpec,
    data: SeedData,
    shapes: Shapes,
    *,
    epochs: int,
    n_looks: int,
    linearised: Mapping[str, Linearised],
) -> dict[str, float]:
    """Operations of each part; a backward pass counts as two forward passes."""
    sizes = {"n_inputs": shapes.n_inputs, "widths": shapes.widths, "n_outputs": shapes.n_outputs}
    forward = network_flops(run.subset, run.sharing.depth, **sizes)  # type: ignore[arg-type]
    examples = n_looks * min(shapes.batch_size, data.train.n_rows) * len(run.subset)
    return {
        "training": training_flops(forward, n_rows=data.train.n_rows, epochs=epochs),
        "gradients": 3.0 * forward * examples,
        "lookahead": forward * examples,
        "linearised": 3.0 * forward * sum(model.n_rows * model.n_outputs for model in linearised.values()),
    }
