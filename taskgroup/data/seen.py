"""A target as the rows of one seed show it: nothing in it may tell of rows in another part of the split."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from taskgroup.data.dataset import Target
from taskgroup.data.split import Split


def as_seen(target: Target, split: Split) -> Target:
    """The target with the labels that runs of a seed learn.

    A label that was taken from another row is left out unless that row is in the same part, and encodings
    are estimated from the training rows. All other targets stay what they are.
    """
    values = target.values
    if target.taken_from is not None:
        part = np.full(len(values), -1)
        for number, rows in enumerate((split.train, split.validation, split.test)):
            part[rows] = number
        known = (part == part[target.taken_from]) & (part >= 0)
        values = np.where(known.reshape(-1, *[1] * (values.ndim - 1)), values, np.nan)
    if target.encoding is not None:
        values = target.encoding(values, split.train)
    if values is target.values:
        return target
    return replace(target, values=values, taken_from=None, encoding=None)
