"""JSON documents that any reader accepts: no NaN, no infinities, no types of one library."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any


def to_json(document: Any) -> str:
    """Write a document as JSON text.

    Mappings, sequences, NumPy scalars and NumPy arrays may be nested; a number that JSON cannot say
    becomes null.

    Raises:
        TypeError: If the document holds anything else.

    >>> to_json({"gain": float("nan"), "subset": ("a", "b")})
    '{"gain": null, "subset": ["a", "b"]}'
    """
    return json.dumps(_plain(document), allow_nan=False, ensure_ascii=False)


def _plain(value: Any) -> Any:
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else None
    if value is None or isinstance(value, str | int):
        return value
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if hasattr(value, "tolist"):
        return _plain(value.tolist())
    raise TypeError(f"{value!r:.80} of type {type(value).__name__} cannot be written as JSON")
