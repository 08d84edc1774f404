"""Strata: rows that are alike in the labels of all classification tasks, as far as their number allows."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

MIN_STRATUM_ROWS = 5
"""No stratum is smaller: with many tiny ones, a sample that has its share of each is hardly random."""


def stratify(columns: Sequence[npt.NDArray[np.float64]], *, n_rows: int) -> npt.NDArray[np.int64]:
    """Divide rows into strata, one label column after the other, the one with the rarest class first.

    A missing label is a level of its own. The codes are in lexicographic order of that division, so that
    neighbouring strata agree in the columns that came first.

    Args:
        columns: Class codes from 0, NaN where missing, each ``[N]``.
        n_rows: N, which no column tells where there is none.

    Returns:
        ``[N]`` int64 stratum codes from 0; all zero without columns.

    >>> stratify([np.array([0, 1] * 5)], n_rows=10).tolist()
    [0, 1, 0, 1, 0, 1, 0, 1, 0, 1]
    """
    codes = np.zeros(n_rows, dtype=np.int64)
    for column in sorted(columns, key=_rarest_class_rows):
        codes = _divide(codes, column)
    return codes


def _rarest_class_rows(column: npt.NDArray[np.float64]) -> int:
    counts = np.bincount(column[~np.isnan(column)].astype(np.int64))
    return int(counts[counts > 0].min(initial=len(column)))


def _divide(codes: npt.NDArray[np.int64], column: npt.NDArray[np.float64]) -> npt.NDArray[np.int64]:
    """Divide each stratum by the levels of ``column``.

    Cells that would be too small are pooled within their stratum; a pool that is too small itself joins the
    largest cell there.
    """
    missing = int(np.nanmax(column, initial=0)) + 1
    pool, width = missing + 1, missing + 2
    cells = codes * width + np.where(np.isnan(column), missing, column).astype(np.int64)
    found, cell, counts = np.unique(cells, return_inverse=True, return_counts=True)
    small = counts[cell] < MIN_STRATUM_ROWS
    pool_rows = np.bincount(codes, weights=small)
    largest = np.zeros(len(pool_rows), dtype=np.int64)
    by_count = np.argsort(counts, kind="stable")
    largest[found[by_count] // width] = found[by_count]  # of several assignments, the last one stands
    home = np.where(pool_rows < MIN_STRATUM_ROWS, largest, np.arange(len(pool_rows)) * width + pool)
    return np.unique(np.where(small, home[codes], cells), return_inverse=True)[1].astype(np.int64)
