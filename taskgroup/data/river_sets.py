"""The data sets that come with the package river and need no download: `river:NAME`, as `river:Yeast`."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import numpy as np

from taskgroup.data.table import Table, table_from_arrays
from taskgroup.errors import InputError, MissingExtraError, nearest


def read_river(name: str) -> Table:
    """Load a set that is stored in the package; a single label column is `target`.

    Raises:
        MissingExtraError: If river is not installed.
        InputError: If it holds no such set.
    """
    datasets = _datasets()
    stored = _stored(datasets)
    if name not in stored:
        raise InputError(f"data.source 'river:{name}' is unknown; {nearest(name, stored)}")
    features, labels = zip(*stored[name](), strict=True)
    wide = [y if isinstance(y, dict) else {"target": y} for y in labels]
    return table_from_arrays(
        f"river:{name}", {**_columns(features), **_columns(wide)}, label_columns=list(wide[0])
    )


def _datasets() -> ModuleType:
    try:
        from river import datasets
    except ImportError:
        raise MissingExtraError(
            "data.source 'river:NAME' needs the package river; install it by: pip install 'taskgroup[river]'"
        ) from None
    module: ModuleType = datasets
    return module


def _stored(datasets: ModuleType) -> dict[str, Any]:
    """The sets whose file is part of the package, by name; the others would be downloaded."""
    found = {name: value for name, value in vars(datasets).items() if isinstance(value, type)}
    base = datasets.base
    return {
        name: value
        for name, value in found.items()
        if issubclass(value, base.FileDataset) and not issubclass(value, base.RemoteDataset)
    }


def _columns(records: Any) -> dict[str, Any]:
    return {str(key): np.array([record[key] for record in records], dtype=object) for key in records[0]}
