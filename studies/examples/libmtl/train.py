"""Train some tasks on handwritten digits with LibMTL, and write the scores for taskgroup.

All of LibMTL's own options work too, such as --weighting, --arch, --lr and --optim.
"""

from __future__ import annotations

import inspect
import json
import sys
from pathlib import Path
from typing import Any

try:
    import LibMTL.architecture as architectures
    import LibMTL.weighting as weightings
    from LibMTL import Trainer
    from LibMTL.config import LibMTL_args, prepare_args
    from LibMTL.loss import CELoss
    from LibMTL.metrics import AccMetric
    from LibMTL.utils import set_random_seed
except ImportError as error:
    sys.exit(
        f"this example trains with LibMTL, which cannot be imported ({error}); README.md says how to get it"
    )

import numpy as np
import torch
from sklearn.datasets import load_digits
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset

HIDDEN, BATCH_SIZE, EPOCHS = 64, 64, 15
TEST_ROWS, VALIDATION_ROWS, TRAINING_ROWS = 450, 350, 300


class Rows(Dataset):
    """Images with the labels of the tasks, in the form that LibMTL's trainer reads."""

    def __init__(self, images: Tensor, labels: dict[str, Tensor], rows: np.ndarray) -> None:
        self.images, self.labels = images[rows], {task: of_task[rows] for task, of_task in labels.items()}

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, row: int) -> tuple[Tensor, dict[str, Tensor]]:
        return self.images[row], {task: of_task[row] for task, of_task in self.labels.items()}


class Encoder(nn.Sequential):
    """What the tasks share."""

    def __init__(self) -> None:
        super().__init__(nn.Linear(64, HIDDEN), nn.ReLU(), nn.Linear(HIDDEN, HIDDEN), nn.ReLU())


def load_splits(tasks: list[str], seed: int) -> dict[str, Rows]:
    """The test rows are always the same; each seed draws its own training and validation rows."""
    digits = load_digits()
    images, digit = digits.data / 16, digits.target
    classes = {
        "digit": digit,
        "odd": digit % 2,
        "prime": np.isin(digit, [2, 3, 5, 7]),
        "dark": images.mean(axis=1) > np.median(images.mean(axis=1)),
    }
    labels = {task: torch.tensor(np.asarray(classes[task], dtype=np.int64)) for task in tasks}
    order = np.random.default_rng(0).permutation(len(images))
    test, rest = order[:TEST_ROWS], np.random.default_rng(seed).permutation(order[TEST_ROWS:])
    parts = {
        "training": rest[VALIDATION_ROWS:][:TRAINING_ROWS],
        "validation": rest[:VALIDATION_ROWS],
        "test": test,
    }
    x = torch.tensor(images, dtype=torch.float32)
    return {name: Rows(x, labels, rows) for name, rows in parts.items()}


def make_trainer(splits: dict[str, Rows], options: Any) -> Trainer:
    """LibMTL's trainer for the tasks of a data set."""
    labels = splits["training"].labels
    tasks = {
        task: {"metrics": ["Acc"], "metrics_fn": AccMetric(), "loss_fn": CELoss(), "weight": [1]}
        for task in labels
    }
    n_classes = {task: int(splits["test"].labels[task].max()) + 1 for task in labels}
    arguments, optimizer, scheduler, *bilevel = prepare_args(options)
    by_name = "bilevel_param" in inspect.signature(Trainer.__init__).parameters  # later versions
    return Trainer(
        task_dict=tasks,
        weighting=options.weighting if by_name else getattr(weightings, options.weighting),
        architecture=options.arch if by_name else getattr(architectures, options.arch),
        encoder_class=Encoder,
        decoders=nn.ModuleDict({task: nn.Linear(HIDDEN, n) for task, n in n_classes.items()}),
        rep_grad=options.rep_grad,
        multi_input=False,
        optim_param=optimizer,
        scheduler_param=scheduler,
        **({"bilevel_param": bilevel[0]} if by_name else {}),
        **arguments,
    )


@torch.no_grad()
def accuracies(trainer: Trainer, rows: Rows) -> dict[str, float]:
    """The share of rows that each task has right."""
    trainer.model.eval()
    logits = trainer.model(rows.images.to(trainer.device))
    return {
        task: float((logits[task].argmax(1).cpu() == of_task).float().mean())
        for task, of_task in rows.labels.items()
    }


def main() -> None:
    """Read the command line, train with LibMTL, write the scores."""
    LibMTL_args.add_argument("--tasks", required=True, help="names joined by commas")
    LibMTL_args.add_argument("--out", type=Path, required=True, help="JSON file to write the scores to")
    options = LibMTL_args.parse_args()
    set_random_seed(options.seed)
    splits = load_splits(options.tasks.split(","), options.seed)
    trainer = make_trainer(splits, options)
    batches = DataLoader(splits["training"], batch_size=BATCH_SIZE, shuffle=True)
    trainer.train(batches, DataLoader(splits["validation"], batch_size=BATCH_SIZE), EPOCHS)
    options.out.write_text(
        json.dumps({name: accuracies(trainer, splits[name]) for name in ("validation", "test")})
    )


if __name__ == "__main__":
    main()
