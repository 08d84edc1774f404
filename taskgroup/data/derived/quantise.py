"""A coarser version of a regression target: which quantile its value falls in, softly or not.

Where labels are noisy, the coarse question may be easier to learn from than the fine one, and its answer is
learned by another loss. The edges of the classes come from the training rows of each seed alone.

Reference:
    Caruana 1997, "Multitask learning", sec. 5.1 (quantised and smoothed versions of the main target).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import final

import numpy as np
import numpy.typing as npt

from taskgroup.data.dataset import Rows, Target
from taskgroup.data.derived.sources import Sources
from taskgroup.errors import InputError
from taskgroup.spec import DeriveSpec, Task, quantised_column

Float64 = npt.NDArray[np.float64]


def quantise(task: Task, derive: DeriveSpec, sources: Sources, *, place: str) -> Target:
    """The fine target ``[N]``, with what makes classes of it at each seed."""
    assert derive.quantise is not None
    column = quantised_column(sources.tasks, derive.quantise)
    fine = next(target for target in sources.targets.values() if target.task.columns == (column,))
    n_distinct = len(np.unique(fine.values[fine.labelled]))
    if n_distinct < derive.bins:
        raise InputError(
            f"{place}.bins is {derive.bins}, but column {column!r} has {n_distinct} distinct values; lower it"
        )
    classes = tuple(range(derive.bins))
    return replace(fine, task=task, classes=classes, encoding=Quantiles(derive.bins, derive.smooth))


@final
@dataclass(frozen=True)
class Quantiles:
    """Classes of equal counts over the training rows.

    Attributes:
        bins: How many.
        smooth: The standard deviation, in classes, of the normal weights by which a label is spread over
            its class and the neighbours; hard labels without it.
    """

    bins: int
    smooth: float | None = None

    def __call__(self, values: Float64, train: Rows) -> Float64:
        """Codes ``[N]``, or the share of each class ``[N, bins]``; NaN where the value is missing.

        A value on an edge belongs to the class above it.

        >>> Quantiles(2)(np.array([1.0, 2.0, 3.0, 4.0, np.nan]), np.arange(4))
        array([ 0.,  0.,  1.,  1., nan])
        """
        known = values[train][~np.isnan(values[train])]
        if not len(known):
            return np.full(len(values) if self.smooth is None else (len(values), self.bins), np.nan)
        edges = np.quantile(known, np.arange(1, self.bins) / self.bins)
        code = np.searchsorted(edges, values, side="right")
        coded = code.astype(np.float64) if self.smooth is None else self._shares(self.smooth)[code]
        coded[np.isnan(values)] = np.nan
        return coded

    def _shares(self, width: float) -> Float64:
        """What a label of each class says of all classes, ``[bins, bins]``, rows summing to 1."""
        apart = np.subtract.outer(np.arange(self.bins), np.arange(self.bins))
        weights = np.exp(-0.5 * (apart / width) ** 2)
        shares: Float64 = weights / weights.sum(axis=1, keepdims=True)
        return shares
