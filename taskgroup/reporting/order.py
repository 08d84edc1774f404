"""One order for the rows and columns of a matrix, so that tasks that help each other stand together."""

from __future__ import annotations

import numpy as np
import pandas as pd


def leaf_order(gain: pd.DataFrame) -> list[str]:
    """Order tasks by average linkage with optimal leaf order on the symmetrised gains.

    A pair measured in one direction counts by that one; an unmeasured pair lies at the mean of the
    measured ones. Without any measured pair, the order stays as it is.

    Args:
        gain: Gains [target, source]; NaN where not measured; a task beside itself is ignored, and so are
            sources that are no targets.

    Returns:
        The T task names in their new order.
    """
    names = list(gain.index)
    distance = _distances(gain.reindex(columns=names).to_numpy(dtype=float))
    if len(names) < 3 or distance is None:
        return names
    from scipy.cluster import hierarchy

    linkage = hierarchy.linkage(distance, method="average")
    leaves = hierarchy.leaves_list(hierarchy.optimal_leaf_ordering(linkage, distance))
    return [names[i] for i in leaves]


def source_order(gain: pd.DataFrame, targets: list[str]) -> list[str]:
    """The columns in the order of the targets, then those that are no targets."""
    return [*targets, *(name for name in gain.columns if name not in set(targets))]


def _distances(gain: np.ndarray) -> np.ndarray | None:
    """Condensed distances [T * (T - 1) / 2] in [0, 1]: the larger the mutual gain, the nearer."""
    first, second = np.triu_indices(len(gain), k=1)
    both = np.stack([gain[first, second], gain[second, first]])
    measured = np.isfinite(both)
    if not measured.any():
        return None
    mutual = np.where(measured, both, 0.0).sum(axis=0) / np.maximum(measured.sum(axis=0), 1)
    known = measured.any(axis=0)
    mutual[~known] = mutual[known].mean()
    distance: np.ndarray = mutual.max() - mutual
    return distance / (distance.max() or 1.0)
