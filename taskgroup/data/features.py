"""From the columns of a table to the feature matrix, each column checked by name."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from taskgroup.data.inputs import Inputs
from taskgroup.data.table import Column, Table, is_missing
from taskgroup.errors import InputError

MAX_LEVELS = 20
"""Text columns with at most this many distinct values are one-hot encoded; more are refused."""

_LEAVE_OUT = "or leave it out (name it under data.exclude, or list the others under data.features)"


@dataclass(frozen=True, eq=False)
class Features:
    """The feature matrix ``[N, D]`` float32, its names, what was noticed, and what a row is."""

    matrix: npt.NDArray[np.float32]
    names: tuple[str, ...]
    warnings: tuple[str, ...]
    inputs: Inputs | None = None


def build_features(
    table: Table, *, listed: Sequence[str] | None, targets: frozenset[str], keep_constant: bool = False
) -> Features:
    """Encode the feature columns: numbers as they are, booleans as 0 and 1, text one-hot.

    Args:
        table: Where the columns stand.
        listed: The columns to learn from; by default every one that is neither a target nor a label.
        targets: The columns that are some task's target.
        keep_constant: Whether columns of one value stay, as pixels do.

    Raises:
        InputError: If a column is unknown, a target, repeated, not finite, or cannot be encoded, or if no
            column is left. The message names the column.
    """
    if listed is None:
        excluded = targets.union(table.label_columns)
        sources = [name for name in table.columns if name not in excluded]
    else:
        sources = _listed_columns(table, listed, targets)
    encoded: dict[str, npt.NDArray[np.float32]] = {}
    one_hot: list[str] = []
    for name in sources:
        block = _encode(table, name)
        if name not in block:
            one_hot.append(name)
        encoded |= block
    _require_finite(encoded)
    constant = [name for name, values in encoded.items() if (values == values[0]).all()]
    if keep_constant and len(constant) < len(encoded):
        constant = []
    kept = [name for name in encoded if name not in set(constant)]
    if not kept:
        raise InputError(f"{table.place} has no feature column that varies; add one, or check data.features")
    warnings = [*_one_hot_warnings(one_hot), *_constant_warnings(constant)]
    return Features(np.stack([encoded[name] for name in kept], axis=1), tuple(kept), tuple(warnings))


def _listed_columns(table: Table, listed: Sequence[str], targets: frozenset[str]) -> list[str]:
    for i, name in enumerate(listed):
        table.column(name, wanted_by=f"data.features[{i}]")
        if name in targets:
            raise InputError(
                f"data.features[{i}] {name!r} is also the target of a task; "
                "take it out of the features, or drop the task"
            )
        if name in listed[:i]:
            raise InputError(f"data.features[{i}] {name!r} is listed twice; keep one")
    return list(listed)


def _encode(table: Table, name: str) -> dict[str, npt.NDArray[np.float32]]:
    values = table.columns[name]
    if values.dtype.kind in "biuf":
        # Adding 0.0 turns -0.0 into 0.0, so that equal rows are equal in their bytes as well.
        with np.errstate(over="ignore"):
            return {name: values.astype(np.float32) + np.float32(0)}
    if values.dtype.kind == "O":
        return _encode_text(name, values)
    raise InputError(
        f"feature column {name!r} holds {values.dtype.name} values; turn them into numbers, {_LEAVE_OUT}"
    )


def _encode_text(name: str, values: Column) -> dict[str, npt.NDArray[np.float32]]:
    _refuse_rows(name, is_missing(values), "missing values")
    if isinstance(values[0], np.ndarray):
        raise InputError(
            f"array {name!r} has the shape {(len(values), *values[0].shape)}; give one value a row ([N]) or "
            "one row of values a row ([N, D]), or name it under data.image.column"
        )
    other = next((type(v).__name__ for v in values if not isinstance(v, str | bool | np.bool_)), None)
    if other is not None:
        raise InputError(
            f"feature column {name!r} holds {other} values; turn them into numbers or text, {_LEAVE_OUT}"
        )
    texts = values.astype(str)
    levels = np.unique(texts)
    if len(levels) > MAX_LEVELS:
        raise InputError(_too_many_levels(name, texts, len(levels)))
    return {f"{name}={level}": (texts == level).astype(np.float32) for level in levels}


def _too_many_levels(name: str, texts: npt.NDArray[np.str_], n_levels: int) -> str:
    numeric = np.array([_is_number(text) for text in texts])
    if 2 * numeric.sum() > len(texts):
        row = int(np.argmin(numeric))
        return (
            f"feature column {name!r} is text because of values such as {str(texts[row])!r} "
            f"(row {row + 1}); make it a number, {_LEAVE_OUT}"
        )
    return (
        f"feature column {name!r} is text with {n_levels:,} distinct values, and at most {MAX_LEVELS} are "
        f"one-hot encoded; encode it as numbers, {_LEAVE_OUT}"
    )


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _require_finite(encoded: dict[str, npt.NDArray[np.float32]]) -> None:
    bad = [name for name, values in encoded.items() if not np.isfinite(values).all()]
    if not bad:
        return
    values, others = encoded[bad[0]], bad[1:]
    _refuse_rows(bad[0], np.isnan(values), "missing values", others)
    _refuse_rows(bad[0], np.isinf(values), "infinite values (or beyond float32's range)", others)


def _refuse_rows(name: str, wrong: npt.NDArray[np.bool_], what: str, others: Sequence[str] = ()) -> None:
    if not wrong.any():
        return
    also = f" ({_named(others)} too)" if others else ""
    raise InputError(
        f"feature column {name!r} has {what} in {wrong.sum():,} of {len(wrong):,} rows, first in row "
        f"{int(np.argmax(wrong)) + 1}{also}; fill them in or drop the rows, {_LEAVE_OUT}"
    )


def _one_hot_warnings(names: list[str]) -> list[str]:
    return [f"text features were one-hot encoded: {_named(names)}"] if names else []


def _constant_warnings(names: list[str]) -> list[str]:
    return [f"constant feature columns were dropped: {_named(names)}"] if names else []


def _named(names: Sequence[str]) -> str:
    return ", ".join(map(repr, names[:5])) + (f" and {len(names) - 5} more" if len(names) > 5 else "")
