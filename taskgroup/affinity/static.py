"""Static similarity: what labels and features alone say about two tasks, before anything is trained.

The mean of two shares, both between 0 and 1 and neither symmetric:

- *labels*: how much of the variance of the target's labels a linear function of the source's labels explains,
  on rows where both are known (R² adjusted for the number of source columns; classes as 0/1 columns);
- *profiles*: how much of the correlations between features and the target's labels lies in the directions of
  the source's: 1 where both depend on the same features in the same proportions.

Signs do not count: tasks that are opposites of each other need the same features.

Reference:
    Correlation of labels and of input-output profiles are the usual training-free affinities (Azorin 2023
    compares such scores).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

if TYPE_CHECKING:  # reading a stored matrix must not load the data package
    from taskgroup.data import Prepared

Floats = NDArray[np.float64]


def static(prepared: Prepared) -> pd.DataFrame:
    """Estimate [target, source] from the training and validation rows of a split, never the test rows."""
    rows = np.concatenate([prepared.split.train, prepared.split.validation])
    labels = [prepared.targets[columns][:, rows].T.astype(float) for columns in prepared.outputs.values()]
    known = prepared.labelled[:, rows]
    features = prepared.features[rows, : prepared.profile_columns].astype(float)
    profiles = [_profile(features[k], y[k]) for y, k in zip(labels, known, strict=True)]
    tasks = list(prepared.outputs)
    similarity = pd.DataFrame(np.nan, index=tasks, columns=tasks)
    for i, target in enumerate(tasks):
        for j, source in enumerate(tasks):
            both = known[i] & known[j]
            shares = [explained(labels[i][both], labels[j][both]), captured(profiles[i], profiles[j])]
            seen = [share for share in shares if np.isfinite(share)]
            similarity.loc[target, source] = np.mean(seen) if seen else np.nan
    return similarity


def static_flops(prepared: Prepared) -> float:
    """Operations of the correlations, about: features with labels, and labels with labels."""
    n_rows = len(prepared.split.train) + len(prepared.split.validation)
    n_features, n_outputs = prepared.profile_columns, len(prepared.targets)
    return 2.0 * n_rows * n_outputs * (n_features + 2 * n_outputs)


def explained(target: Floats, source: Floats) -> float:
    """Adjusted R² of the target's columns [n, a] on the source's [n, b], at least 0; NaN with too few rows.

    >>> even = np.array([[1.0], [0.0], [1.0], [0.0]])
    >>> explained(even, 3.0 * even - 1.0)
    1.0
    """
    if len(target) < 3:
        return float("nan")
    y, x = target - target.mean(axis=0), source - source.mean(axis=0)
    basis = _basis(x)
    n, rank, total = len(y), basis.shape[1], float((y**2).sum())
    if n < rank + 2 or total == 0 or rank == 0:
        return float("nan")
    share = float(((basis.T @ y) ** 2).sum()) / total
    return float(np.clip(1.0 - (1.0 - share) * (n - 1) / (n - 1 - rank), 0.0, 1.0))


def captured(target: Floats, source: Floats) -> float:
    """The share of the target's profile [D, a] in the span of the source's [D, b]; NaN for an empty one.

    >>> captured(np.array([[1.0], [1.0]]), np.array([[2.0], [0.0]])).__round__(6)
    0.5
    """
    total = float((target**2).sum())
    basis = _basis(source)
    if total == 0 or not basis.shape[1]:
        return float("nan")
    return min(float(((basis.T @ target) ** 2).sum()) / total, 1.0)


def _profile(features: Floats, labels: Floats) -> Floats:
    """Correlations of every feature with every label column, [D, K]; 0 for what is constant."""
    if not len(features):
        return np.zeros((features.shape[1], labels.shape[1]))
    x, y = features - features.mean(axis=0), labels - labels.mean(axis=0)
    scale = np.linalg.norm(x, axis=0)[:, None] * np.linalg.norm(y, axis=0)[None, :]
    return np.asarray(np.divide(x.T @ y, scale, out=np.zeros_like(scale), where=scale > 0))


def _basis(columns: Floats) -> Floats:
    """Orthonormal directions that the columns span, [n, rank]."""
    if not columns.size:
        return np.zeros((len(columns), 0))
    left, size, _ = np.linalg.svd(columns, full_matrices=False)
    return np.asarray(left[:, (size > 0) & (size > 1e-9 * size[0])])
