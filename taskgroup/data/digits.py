"""The quick start's data: scikit-learn's handwritten digits with six targets derived from them.

Only `digit` was labelled by people. The others are functions of it (`odd`, `ge5`, `has_loop`, `prime`) or
of the pixels (`ink`, `left_share`), chosen so that some tasks help each other and some hurt.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from taskgroup.data.table import Table, table_from_arrays

SIDE = 8
LOOPS = (0, 6, 8, 9)
PRIMES = (2, 3, 5, 7)


def digits_table() -> Table:
    """1,797 images of 8 × 8 pixels (`pixel_ROW_COLUMN`, 0 to 16) with the seven label columns."""
    from sklearn.datasets import load_digits

    bunch = load_digits()
    pixels = dict(zip(bunch.feature_names, bunch.data.T, strict=True))
    labels = digit_labels(bunch.data, bunch.target)
    return table_from_arrays("sklearn:digits", {**pixels, **labels}, label_columns=labels)


def digit_labels(
    pixels: npt.NDArray[np.float64], digit: npt.NDArray[np.int64]
) -> dict[str, npt.NDArray[np.generic]]:
    """Derive the label columns from images ``pixels [N, 64]`` of the digits ``digit [N]``.

    Returns:
        By name, each ``[N]``: `digit`; `odd`, `ge5` (5 or more), `has_loop` (0, 6, 8, 9) and `prime`
        (2, 3, 5, 7) as 0 or 1; `ink`, the sum of all pixels; `left_share`, the share of the ink in the
        left four columns.
    """
    ink = pixels.sum(axis=1)
    left = pixels.reshape(-1, SIDE, SIDE)[:, :, : SIDE // 2].sum(axis=(1, 2))
    return {
        "digit": digit,
        "odd": digit % 2,
        "ge5": (digit >= 5).astype(np.int64),
        "has_loop": np.isin(digit, LOOPS).astype(np.int64),
        "prime": np.isin(digit, PRIMES).astype(np.int64),
        "ink": ink,
        "left_share": left / ink,
    }
