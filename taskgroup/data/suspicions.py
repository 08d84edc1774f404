"""What about a study's data is allowed but too good, too similar or too little to be trusted unseen.

These looks cost seconds on wide tables, so `check` takes them and a search does not.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from taskgroup.data.dataset import Dataset, Target
from taskgroup.data.split import Rows, Split

ALIKE = 0.98
"""Targets that agree by more are as good as one, and features that reach more give a target away."""
FEW_ROWS = 10
_MAX_ROWS = 1000
_FEW_TO_STOP_ON = 20
_MAX_TREES = 4000

Float64 = npt.NDArray[np.float64]


def suspicions(dataset: Dataset, split: Split, *, stops_early: bool = False) -> list[str]:
    """One sentence for each thing that deserves a second look.

    Args:
        dataset: The rows; auxiliary tasks are not looked at.
        split: Whose training rows are learned from and whose validation rows are predicted.
        stops_early: Whether the validation rows also say when training stops.
    """
    scored = {name: target for name, target in dataset.targets.items() if target.task.role == "main"}
    dataset = replace(dataset, targets=scored)
    found = [*_alike_targets(dataset), *_rare_classes(dataset), *_giveaways(dataset, split)]
    return [*found, *(_few_to_stop_on(dataset, split) if stops_early else [])]


def association(first: Float64, second: Float64, *, discrete: bool) -> float:
    """How nearly one label column tells the other, 0 to 1: |correlation|, or Cramér's V of classes.

    >>> association(np.array([0.0, 1.0, 0.0, 1.0]), np.array([5.0, 3.0, 5.0, 3.0]), discrete=False)
    1.0
    """
    if not discrete:
        if np.ptp(first) == 0 or np.ptp(second) == 0:
            return 0.0
        return float(round(abs(np.corrcoef(first, second)[0, 1]), 12))
    rows, columns = (np.unique(codes, return_inverse=True)[1] for codes in (first, second))
    table = np.zeros((rows.max() + 1, columns.max() + 1))
    np.add.at(table, (rows, columns), 1.0)
    least = min(table.shape) - 1
    if least == 0:
        return 0.0
    expected = table.sum(axis=1, keepdims=True) * table.sum(axis=0, keepdims=True) / table.sum()
    return float(np.sqrt(((table - expected) ** 2 / expected).sum() / table.sum() / least))


def _alike_targets(dataset: Dataset) -> Iterator[str]:
    columns = [named for target in dataset.targets.values() for named in _columns(target)]
    for (a, first), (b, second) in itertools.combinations(columns, 2):
        both = ~np.isnan(first) & ~np.isnan(second)
        discrete = [dataset.targets[name].task.kind != "regression" for name in (a, b)]
        if a == b or both.sum() < FEW_ROWS or discrete[0] != discrete[1]:
            continue
        if np.array_equal(first, second, equal_nan=True):
            continue  # identical targets are named when the data are loaded
        if discrete[0] and np.nanmax(first) != np.nanmax(second):
            continue  # classes that are coarser than another task's follow from it, but not the reverse
        value = association(first[both], second[both], discrete=discrete[0])
        if value > ALIKE:
            what = "association (Cramér's V)" if discrete[0] else "absolute correlation"
            yield f"tasks {a!r} and {b!r} have nearly the same targets: {what} {value:.3f}"


def _rare_classes(dataset: Dataset) -> Iterator[str]:
    for name, target in dataset.targets.items():
        if target.task.kind not in ("binary", "multiclass"):
            continue
        counts = np.bincount(target.values[target.labelled].astype(np.int64), minlength=len(target.classes))
        for label, count in zip(target.classes, counts.tolist(), strict=True):
            if 1 < count < FEW_ROWS:  # a single row is named when the data are loaded
                yield f"task {name!r} has only {count} rows of class {label!r}"


def _few_to_stop_on(dataset: Dataset, split: Split) -> Iterator[str]:
    """Tasks whose best epoch is chosen on so few rows that the choice itself raises their score there."""
    few = {}
    for name, target in dataset.targets.items():
        values = target.values[split.validation][target.labelled[split.validation]]
        if target.task.kind in ("binary", "multiclass"):
            counts = np.bincount(values.astype(np.int64), minlength=len(target.classes))
            few[name] = int(len(values) - counts.max())
        else:
            few[name] = len(values)
    few = {name: n for name, n in few.items() if n < _FEW_TO_STOP_ON}
    if few:
        least = min(few, key=lambda name: few[name])
        yield (
            f"{len(few)} of {len(dataset.targets)} tasks have fewer than {_FEW_TO_STOP_ON} validation rows "
            f"besides the commonest class (task {least!r} has {few[least]}): stopping early by them and "
            "comparing on them flatters single-task networks; give training.epochs, or raise "
            "data.split.validation"
        )


def _giveaways(dataset: Dataset, split: Split) -> Iterator[str]:
    columns = [named for target in dataset.targets.values() for named in _columns(target)]
    most = max(1, _MAX_TREES // len(columns))
    for task, values in columns:
        discrete = dataset.targets[task].task.kind != "regression"
        train, held_out = (_some_labelled(rows, values) for rows in (split.train, split.validation))
        if min(len(train), len(held_out)) < 2 * FEW_ROWS:
            continue
        for i, feature in enumerate(dataset.feature_names[:most]):
            x = dataset.features[:, i : i + 1]
            score = _held_out_score(x, values, train, held_out, discrete=discrete)
            if score > ALIKE:
                what = "balanced accuracy" if discrete else "R²"
                yield (
                    f"feature {feature!r} alone predicts task {task!r} on held-out rows ({what} "
                    f"{score:.3f}); if it is not known when predictions are made, add it to data.exclude"
                )


def _held_out_score(
    x: npt.NDArray[np.float32], y: Float64, train: Rows, held_out: Rows, *, discrete: bool
) -> float:
    """Balanced accuracy or R² of a small decision tree on one feature."""
    from sklearn.metrics import r2_score
    from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

    known = np.unique(y[train])
    if len(known) < 2 or np.ptp(y[held_out]) == 0:
        return 0.0
    if discrete:
        tree = DecisionTreeClassifier(max_leaf_nodes=2 * len(known), random_state=0)
    else:
        tree = DecisionTreeRegressor(max_leaf_nodes=64, random_state=0)
    predicted = tree.fit(x[train], y[train]).predict(x[held_out])
    if not discrete:
        return float(r2_score(y[held_out], predicted))
    right = predicted == y[held_out]
    return float(np.mean([right[y[held_out] == label].mean() for label in np.unique(y[held_out])]))


def _columns(target: Target) -> Iterator[tuple[str, Float64]]:
    """Every label column with its task's name; a multilabel task has several."""
    for column in target.values.reshape(len(target.values), -1).T:
        yield target.task.name, column


def _some_labelled(rows: Rows, values: Float64) -> Rows:
    """Labelled rows spread over the part, at most 1,000."""
    labelled = rows[~np.isnan(values[rows])]
    return labelled[:: max(1, -(-len(labelled) // _MAX_ROWS))]
