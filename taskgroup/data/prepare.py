"""Arrays ready for training: standardised features, encoded targets and masks.

Everything that is estimated (means and standard deviations) comes from the training rows alone; what the
validation and test rows look like must not reach the network.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from taskgroup.data.dataset import Dataset, Target
from taskgroup.data.seen import as_seen
from taskgroup.data.split import Split
from taskgroup.data.standardise import Numbers, standardisation

Float32 = npt.NDArray[np.float32]
Float64 = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Prepared:
    """A data set as one run seed sees it. ``T`` tasks have ``K`` network outputs in all.

    Attributes:
        split: The rows of each part.
        features: ``[N, D]`` float32, mean 0 and standard deviation 1 over the training rows.
        feature_offset: ``[D]`` float64, the training means in the data's units.
        feature_scale: ``[D]`` float64, the training standard deviations; 1 where a feature is constant.
        targets: ``[K, N]`` float32: 0/1 (binary, multilabel), one-hot (multiclass), or standardised over
            the labelled training rows (regression); 0 where a label is missing.
        labelled: ``[T, N]`` bool; for multilabel, where all labels of the row are known.
        outputs: Each task's slice of the K outputs, in the order of the task list.
        offset: ``[T]`` float64; ``targets * scale + offset`` is in the data's units. 0 unless regression on
            one column.
        scale: ``[T]`` float64; 1 unless regression on one column.
        n_training_labels: ``[T]`` int64, the labelled training rows of each task.
        profile_columns: How many of the features are quantities; none where they are numbers of tokens.
        weights: ``[T, N]`` float32, how much each label counts: 0 where it is missing, 1 on average over a
            task's labelled training rows; None where all labels count the same.
    """

    split: Split
    features: Float32
    feature_offset: Float64
    feature_scale: Float64
    targets: Float32
    labelled: npt.NDArray[np.bool_]
    outputs: Mapping[str, slice]
    offset: Float64
    scale: Float64
    n_training_labels: npt.NDArray[np.int64]
    profile_columns: int
    weights: Float32 | None = None


def prepare(dataset: Dataset, split: Split) -> Prepared:
    """Standardise the features and encode the targets of all tasks.

    Args:
        dataset: The data in its own units.
        split: Whose training rows means and standard deviations are taken from.
    """
    numbers = _numbers(dataset, split)
    targets = [as_seen(target, split) for target in dataset.targets.values()]
    units = [_units(target, split.train) for target in targets]
    blocks = [_encode(target, *unit) for target, unit in zip(targets, units, strict=True)]
    labelled = np.stack([target.labelled for target in targets])
    ends = np.cumsum([len(block) for block in blocks]).tolist()
    return Prepared(
        split=split,
        features=numbers.features,
        feature_offset=numbers.offset,
        feature_scale=numbers.scale,
        targets=np.concatenate(blocks),
        labelled=labelled,
        outputs={
            name: slice(end - len(block), end)
            for name, block, end in zip(dataset.targets, blocks, ends, strict=True)
        },
        offset=np.array([_of_one_column(offset, 0.0) for offset, _ in units]),
        scale=np.array([_of_one_column(scale, 1.0) for _, scale in units]),
        n_training_labels=labelled[:, split.train].sum(axis=1),
        profile_columns=0 if dataset.n_tokens else dataset.features.shape[1],
        weights=_weights(targets, labelled, split.train),
    )


def _numbers(dataset: Dataset, split: Split) -> Numbers:
    """What networks read: features standardised by themselves, images by channel, texts as numbers."""
    if dataset.inputs is not None:
        return dataset.inputs.numbers(dataset.features, split.train)
    offset, scale = standardisation(dataset.features[split.train])
    return Numbers(((dataset.features - offset) / scale).astype(np.float32), offset, scale)


def _weights(
    targets: Sequence[Target], labelled: npt.NDArray[np.bool_], train: npt.NDArray[np.int64]
) -> Float32 | None:
    """The weights of all labels ``[T, N]``, each task's with mean 1 over its labelled training rows."""
    if all(target.weights is None for target in targets):
        return None
    weights = labelled.astype(np.float64)
    for row, target in zip(weights, targets, strict=True):
        if target.weights is not None:
            used = target.weights[train][target.labelled[train]]
            row *= target.weights / (used.mean() if len(used) else 1.0)
    return weights.astype(np.float32)


Unit = float | Float64
"""Of a task, or of each of its columns ``[K, 1]``."""


def _units(target: Target, train: npt.NDArray[np.int64]) -> tuple[Unit, Unit]:
    values = target.values[train][target.labelled[train]]
    if target.task.kind != "regression" or not len(values):
        return 0.0, 1.0
    mean, std = standardisation(values.reshape(len(values), -1))
    if values.ndim > 1:
        return mean[:, None], std[:, None]
    return float(mean[0]), float(std[0])


def _of_one_column(unit: Unit, otherwise: float) -> float:
    return unit if isinstance(unit, float) else otherwise


def _encode(target: Target, offset: Unit, scale: Unit) -> Float32:
    """Network targets ``[n_outputs, N]``."""
    if target.task.kind == "multiclass" and target.values.ndim == 1:
        encoded = target.values == np.arange(target.n_outputs)[:, None]
    else:
        encoded = (target.values.reshape(len(target.values), -1).T - offset) / scale
    return np.where(target.labelled, encoded, 0).astype(np.float32)
