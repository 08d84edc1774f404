"""Distinct labels in sorted order, and each row's place among them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from taskgroup.data.table import Column, is_missing
from taskgroup.errors import InputError


def encode_classes(column: Column, *, about: str) -> tuple[npt.NDArray[np.float64], tuple[object, ...]]:
    """Number the distinct labels of a column.

    Args:
        column: Labels ``[N]``: numbers, booleans or objects.
        about: What messages call the column.

    Returns:
        The codes ``[N]``, NaN where a label is missing, and the labels in the order of their codes.

    Raises:
        InputError: If all labels are the same, a number is infinite, or objects have no order.
    """
    refuse_infinite(column, about=about)
    missing = is_missing(column)
    present = column[~missing]
    if column.dtype.kind == "O":
        classes, codes = _encode_objects(present, about=about)
    else:
        distinct, codes = np.unique(present, return_inverse=True)
        classes = tuple(_whole(label) for label in distinct.tolist())
    if len(classes) == 1:
        raise InputError(constant_labels(about, classes[0]))
    values = np.full(len(column), np.nan)
    values[~missing] = codes
    return values, classes


def refuse_infinite(column: Column, *, about: str) -> None:
    """Check that no number in a column is infinite.

    Raises:
        InputError: If one is; the message names the first row.
    """
    if column.dtype.kind != "f" or not (infinite := np.isinf(column)).any():
        return
    raise InputError(
        f"{about} is infinite in {infinite.sum():,} of {len(column):,} rows, first in row "
        f"{int(np.argmax(infinite)) + 1}; mend the labels or leave them empty"
    )


def constant_labels(about: str, label: object) -> str:
    """Word the error that all labels are the same."""
    return f"{about} holds {label!r} in every labelled row, so there is nothing to learn; drop it"


def unfit_type(about: str, type_name: str) -> str:
    """Word the error that labels are neither text nor numbers nor booleans."""
    return f"{about} holds {type_name} values; turn them into text, numbers or booleans"


def _encode_objects(present: Column, *, about: str) -> tuple[tuple[object, ...], npt.NDArray[np.int64]]:
    try:
        # Labels of several types, such as 1 and "a", have no order of their own.
        classes = sorted(set(present), key=lambda label: (type(label).__name__, label))
    except TypeError:
        raise InputError(unfit_type(about, type(present[0]).__name__)) from None
    code = {label: i for i, label in enumerate(classes)}
    return tuple(classes), np.array([code[label] for label in present], dtype=np.int64)


def _whole(label: float) -> float:
    """Whole numbers were read as floats only because they stand beside missing ones."""
    return int(label) if isinstance(label, float) and label.is_integer() else label
