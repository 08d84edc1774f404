"""The data sets that come with scikit-learn and need no download: `sklearn:NAME`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from taskgroup.data.digits import digits_table
from taskgroup.data.table import Table, table_from_arrays
from taskgroup.errors import InputError, nearest


def read_bundled(name: str) -> Table:
    """Load a bundled data set; the single label column is `target`, linnerud has three.

    Raises:
        InputError: If scikit-learn bundles no such set.
    """
    if name not in BUNDLED:
        raise InputError(f"data.source 'sklearn:{name}' is unknown; {nearest(name, BUNDLED)}")
    return BUNDLED[name]()


def _plain(name: str) -> Callable[[], Table]:
    def read() -> Table:
        from sklearn import datasets

        bunch: Any = getattr(datasets, f"load_{name}")()
        values = bunch.target.reshape(len(bunch.target), -1)
        several = values.shape[1] > 1
        label_names = list(bunch.target_names) if several else ["target"]
        features = dict(zip(map(str, bunch.feature_names), np.asarray(bunch.data).T, strict=True))
        labels = dict(zip(label_names, values.T, strict=True))
        return table_from_arrays(f"sklearn:{name}", {**features, **labels}, label_columns=label_names)

    return read


BUNDLED: dict[str, Callable[[], Table]] = {
    "digits": digits_table,
    "iris": _plain("iris"),
    "wine": _plain("wine"),
    "breast_cancer": _plain("breast_cancer"),
    "diabetes": _plain("diabetes"),
    "linnerud": _plain("linnerud"),
}
