"""A plain PyTorch script that trains one network for some tasks on handwritten digits.

It knows nothing of taskgroup: it is told the tasks, a seed and a file, and writes its scores to that file.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np
import torch
from sklearn.datasets import load_digits
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

HIDDEN, BATCH_SIZE, LEARNING_RATE = 64, 64, 3e-3
TEST_ROWS, VALIDATION_ROWS, TRAINING_ROWS = 450, 350, 300


def load_rows() -> tuple[Tensor, dict[str, Tensor]]:
    """Images [N, 64] and a class for each row and task."""
    digits = load_digits()
    images, digit = digits.data / 16, digits.target
    classes = {
        "digit": digit,
        "odd": digit % 2,
        "prime": np.isin(digit, [2, 3, 5, 7]),
        "dark": images.mean(axis=1) > np.median(images.mean(axis=1)),
    }
    targets = {name: torch.tensor(np.asarray(labels, dtype=np.int64)) for name, labels in classes.items()}
    return torch.tensor(images, dtype=torch.float32), targets


def draw_rows(n_rows: int, seed: int) -> dict[str, np.ndarray]:
    """The test rows are always the same; each seed draws its own training and validation rows."""
    order = np.random.default_rng(0).permutation(n_rows)
    test, rest = order[:TEST_ROWS], order[TEST_ROWS:]
    rest = np.random.default_rng(seed).permutation(rest)
    validation, training = rest[:VALIDATION_ROWS], rest[VALIDATION_ROWS:][:TRAINING_ROWS]
    return {"training": training, "validation": validation, "test": test}


class Network(nn.Module):
    """One encoder, one head a task."""

    def __init__(self, n_classes: dict[str, int]) -> None:
        super().__init__()
        self.encoder = nn.Sequential(nn.Linear(64, HIDDEN), nn.ReLU(), nn.Linear(HIDDEN, HIDDEN), nn.ReLU())
        self.heads = nn.ModuleDict({name: nn.Linear(HIDDEN, n) for name, n in n_classes.items()})

    def forward(self, images: Tensor) -> dict[str, Tensor]:
        """Logits of every task."""
        features = self.encoder(images)
        return {name: head(features) for name, head in self.heads.items()}


def train(images: Tensor, targets: dict[str, Tensor], rows: np.ndarray, *, seed: int, epochs: int) -> Network:
    """Train on some rows; the losses of the tasks are added up."""
    torch.manual_seed(seed)
    network = Network({name: int(labels.max()) + 1 for name, labels in targets.items()})
    optimizer = torch.optim.AdamW(network.parameters(), lr=LEARNING_RATE)
    for _ in range(epochs):
        for batch in torch.tensor(rows)[torch.randperm(len(rows))].split(BATCH_SIZE):
            logits = network(images[batch])
            loss = torch.stack([cross_entropy(logits[name], targets[name][batch]) for name in targets]).sum()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    return network


@torch.no_grad()
def accuracies(
    network: Network, images: Tensor, targets: dict[str, Tensor], rows: np.ndarray
) -> dict[str, float]:
    """The share of rows that each task has right."""
    logits = network(images[rows])
    return {name: float((logits[name].argmax(1) == targets[name][rows]).float().mean()) for name in targets}


def main() -> None:
    """Read the command line, train, write the scores."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tasks", required=True, help="names joined by commas")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--epochs", type=int, default=15)
    parser.add_argument("--out", type=Path, required=True, help="JSON file to write the scores to")
    options = parser.parse_args()
    torch.set_num_threads(1)
    images, every_target = load_rows()
    targets = {name: every_target[name] for name in options.tasks.split(",")}
    rows = draw_rows(len(images), options.seed)
    network = train(images, targets, rows["training"], seed=options.seed, epochs=options.epochs)
    scores = {split: accuracies(network, images, targets, rows[split]) for split in ("validation", "test")}
    options.out.write_text(json.dumps(scores))


if __name__ == "__main__":
    main()
