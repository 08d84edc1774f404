"""Rows with identical features, which a split must keep together.

A network that has memorised a training row knows the label of its copy as well. If the copy stood in the
validation or test rows, the score there would reward memory: gains would look better than on new data,
and larger networks and smaller groups, which memorise best, would look best of all.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True, eq=False)
class Repeats:
    """The rows of a table, put together where their features are identical.

    Attributes:
        group: ``[N]`` int64, the group of each row.
        first: ``[G]`` int64, the first row of each group.
        sizes: ``[G]`` int64, the rows of each group; 1 for a row without a copy.
    """

    group: npt.NDArray[np.int64]
    first: npt.NDArray[np.int64]
    sizes: npt.NDArray[np.int64]

    @property
    def n_repeated_rows(self) -> int:
        """How many rows share their features with at least one other row."""
        return int(self.sizes[self.sizes > 1].sum())


def find_repeats(features: npt.NDArray[np.float32]) -> Repeats:
    """Group the rows of ``features [N, D]`` that are equal in every column.

    >>> find_repeats(np.array([[1, 2], [3, 4], [1, 2]], dtype=np.float32)).sizes.tolist()
    [2, 1]
    """
    rows = np.ascontiguousarray(features + np.float32(0))  # -0.0 and 0.0 are equal but differ in bytes
    keys = rows.view(np.dtype((np.void, rows.shape[1] * rows.itemsize))).ravel()
    _, first, by_key = np.unique(keys, return_index=True, return_inverse=True)
    # Groups are numbered by their first row: byte order would differ between machines.
    rank = np.empty(len(first), dtype=np.int64)
    rank[np.argsort(first)] = np.arange(len(first))
    group = rank[by_key]
    return Repeats(group=group, first=np.sort(first), sizes=np.bincount(group))
