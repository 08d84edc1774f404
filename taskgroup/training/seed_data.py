"""One seed's rows as tensors, features-major: what all runs of that seed read."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from taskgroup.data import Dataset, draw_split, prepare
from taskgroup.seeds import derive_seed
from taskgroup.spec import Split, Study


@dataclass(frozen=True)
class Part:
    """The rows of one split.

    Attributes:
        x: Standardised features, [D, rows].
        y: Target rows of all tasks, [O, rows].
        labelled: How much each label counts: 0 where there is none, else 1 or its weight; [T, rows], in the
            dtype of `x`.
        complete: Whether all count as one.
    """

    x: Tensor
    y: Tensor
    labelled: Tensor
    complete: bool

    def shuffled(self, order: Tensor) -> Part:
        """The rows in another order."""
        x, y = (rows.index_select(1, order) for rows in (self.x, self.y))
        labelled = self.labelled if self.complete else self.labelled.index_select(1, order)
        return Part(x, y, labelled, self.complete)

    @property
    def n_rows(self) -> int:
        """The number of rows."""
        return self.x.shape[1]


@dataclass(frozen=True)
class SeedData:
    """Training rows and the splits to score.

    Attributes:
        seed: The run seed that drew them.
        train: Training rows.
        scored: Validation and test rows.
        n_labels: Labelled training rows of each task, [T].
        scale: Standard deviation of each regression target in its own units, 1 for other tasks, [T].
    """

    seed: int
    train: Part
    scored: dict[Split, Part]
    n_labels: np.ndarray
    scale: np.ndarray

    def order(self, number: int) -> Tensor:
        """The order of the training rows in an epoch, the same for every run of the seed, [rows]."""
        rng = np.random.default_rng(derive_seed(self.seed, "order", number))
        order = torch.from_numpy(rng.permutation(self.train.n_rows))
        return order.to(self.train.x.device)

    def epoch(self, number: int) -> Part:
        """The training rows in the order of an epoch."""
        return self.train.shuffled(self.order(number))


def seed_data(
    study: Study, dataset: Dataset, seed: int, *, dtype: torch.dtype, device: torch.device | str
) -> SeedData:
    """Draw a seed's rows and standardise them on its training rows."""
    split = draw_split(dataset, study.data.split, study_seed=study.seed, seed=seed)
    prepared = prepare(dataset, split)

    def part(rows: np.ndarray) -> Part:
        def tensor(values: np.ndarray) -> Tensor:
            return torch.tensor(values, dtype=dtype, device=device)

        labelled = prepared.labelled[:, rows]
        counts = labelled if prepared.weights is None else prepared.weights[:, rows]
        return Part(
            tensor(np.ascontiguousarray(prepared.features[rows].T)),
            tensor(prepared.targets[:, rows]),
            tensor(counts),
            bool((counts == 1).all()),
        )

    return SeedData(
        seed,
        part(split.train),
        {"validation": part(split.validation), "test": part(split.test)},
        prepared.n_training_labels,
        prepared.scale,
    )
