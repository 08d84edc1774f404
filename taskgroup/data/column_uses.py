"""What the columns of an unknown table are probably for: targets of a kind, features, names, dates."""

from __future__ import annotations

import re
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from taskgroup.data.features import MAX_LEVELS
from taskgroup.data.table import Column, Table, is_missing
from taskgroup.errors import InputError
from taskgroup.spec import Kind

Use = Literal["feature", "group", "left out"]

_TARGET = re.compile(r"^(y|target|label)s?([_\W\d]|$)|[_\W](target|label)$", re.IGNORECASE)
_IDENTIFIER = re.compile(r"(^|[_\W])(id|uuid|guid|key|index|row|name|number|no)$|^unnamed", re.IGNORECASE)
_GROUP = re.compile(
    r"(^|[_\W])(id|patient|subject|person|user|customer|group|site|hospital|clinic|device|batch|session|plate|scaffold)"
    r"s?([_\W]|$)",
    re.IGNORECASE,
)
_SPLIT = re.compile(r"^(split|fold|is_?train|is_?test|partition)$", re.IGNORECASE)
_MAX_CODES = 20
_MOSTLY = 0.9


@dataclass(frozen=True)
class ColumnUse:
    """What a column that is no target is probably for.

    Attributes:
        name: The column.
        use: `feature`; `group`, where rows of one value belong together; or `left out`.
        why: The reason, where it is no feature.
    """

    name: str
    use: Use
    why: str = ""


def target_like(names: Sequence[str]) -> list[str]:
    """The names that say that a column is a target.

    >>> target_like(["x_1", "y_1", "year", "target", "label_b", "yield"])
    ['y_1', 'target', 'label_b']
    """
    return [name for name in names if _TARGET.search(name)]


def guess_kind(name: str, column: Column) -> Kind:
    """The kind of a target: two values, classes (text, or codes without a gap), or a number.

    Raises:
        InputError: If it cannot be a target; the message names the column.
    """
    if column.dtype.kind not in "biufO":
        raise InputError(f"column {name!r} holds {column.dtype.name} values and cannot be a target")
    present = column[~is_missing(column)]
    if column.dtype.kind == "O":
        _require_text(name, present)
    distinct = np.unique(present.astype(str) if column.dtype.kind == "O" else present)
    if len(distinct) < 2:
        raise InputError(f"column {name!r} has fewer than two distinct values and cannot be a target")
    if len(distinct) == 2:
        return "binary"
    if column.dtype.kind != "O":
        return "multiclass" if _are_codes(distinct) else "regression"
    if len(distinct) > max(_MAX_CODES, len(present) // 10):
        raise InputError(
            f"column {name!r} is text with {len(distinct):,} distinct values in {len(present):,} rows, too "
            "many to be the classes of a target"
        )
    return "multiclass"


def guess_use(name: str, column: Column) -> ColumnUse:
    """What a column is for that is no target."""
    reason = _unfit(column)
    if column.dtype.kind in "mM":
        return ColumnUse(name, "left out", "a date")
    if reason is None and column.dtype.kind == "O" and _are_dates(column):
        return ColumnUse(name, "left out", "a date")
    n_distinct = _n_distinct(column)
    if _SPLIT.search(name):
        return ColumnUse(name, "left out", "names a split; taskgroup draws its own")
    if reason is None and _names_groups(name, column, n_distinct):
        return ColumnUse(name, "group", f"{n_distinct:,} groups of rows")
    if _is_identifier(name, column, n_distinct):
        return ColumnUse(name, "left out", "an identifier")
    if reason is None and column.dtype.kind == "O" and n_distinct > MAX_LEVELS:
        reason = f"text with {n_distinct:,} distinct values"
    return ColumnUse(name, "feature") if reason is None else ColumnUse(name, "left out", reason)


def guess_uses(table: Table, targets: Sequence[str]) -> list[ColumnUse]:
    """What every column but the targets is for, in the table's order."""
    return [guess_use(name, column) for name, column in table.columns.items() if name not in targets]


def _are_codes(distinct: Column) -> bool:
    """Whole numbers from 0 or 1 on without a gap, and not too many."""
    numbers = distinct.astype(np.float64)
    return len(numbers) <= _MAX_CODES and numbers[0] in (0, 1) and bool((np.diff(numbers) == 1).all())


def _require_text(name: str, present: Column) -> None:
    other = next((type(v).__name__ for v in present if not isinstance(v, str | bool | np.bool_)), None)
    if other is not None:
        raise InputError(f"column {name!r} holds {other} values and cannot be a target")


def _unfit(column: Column) -> str | None:
    """Why a column cannot be learned from as it is."""
    if column.dtype.kind not in "biufO":
        return f"holds {column.dtype.name} values"
    missing = is_missing(column) if column.dtype.kind in "fO" else np.zeros(len(column), dtype=bool)
    if column.dtype.kind == "O":
        other = next((v for v in column[~missing] if not isinstance(v, str | bool | np.bool_)), None)
        if other is not None:
            return f"holds {type(other).__name__} values"
    if missing.any():
        return f"missing in {missing.sum():,} of {len(column):,} rows"
    if column.dtype.kind == "f":
        with np.errstate(over="ignore"):
            if not np.isfinite(column.astype(np.float32)).all():
                return "holds infinite values (or beyond float32's range)"
    return None


def _n_distinct(column: Column) -> int:
    if column.dtype.kind == "O":
        return len({value if isinstance(value, str) else repr(value) for value in column})
    return len(np.unique(column))


def _names_groups(name: str, column: Column, n_distinct: int) -> bool:
    """Whether a column says by its name and its repeated values which rows belong together."""
    return bool(_GROUP.search(name)) and column.dtype.kind != "f" and 1 < n_distinct <= len(column) // 2


def _is_identifier(name: str, column: Column, n_distinct: int) -> bool:
    """Nearly as many values as rows: any text, and whole numbers that are called so or count the rows."""
    if n_distinct < _MOSTLY * len(column) or column.dtype.kind not in "iuO":
        return False
    if column.dtype.kind == "O":
        return all(isinstance(value, str) or value is None for value in column)
    return bool(_IDENTIFIER.search(name)) or bool((np.diff(column.astype(np.float64)) == 1).all())


def _are_dates(column: Column) -> bool:
    import pandas as pd

    texts = [value for value in column[:1000] if isinstance(value, str)]
    if len(texts) < len(column[:1000]) or not all(any(c.isdigit() for c in text) for text in texts):
        return False
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = pd.to_datetime(pd.Series(texts), errors="coerce", format="mixed")
    numeric = pd.to_numeric(pd.Series(texts), errors="coerce")
    return bool(found.notna().mean() > _MOSTLY and numeric.notna().mean() < _MOSTLY)
