"""How a study differs from the stored one of the same name, in words."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from taskgroup.errors import InputError
from taskgroup.spec import parse_study

FREE_KEYS = frozenset(
    {"search.runs", "search.time", "search.baseline", "search.keep_weights", "search.linear"}
)
"""A search may be continued with more or less to spend, with other baselines besides the full ones, and with
other weights kept."""

_NOTHING = object()


def study_changes(
    stored: Mapping[str, Any], given: Mapping[str, Any], *, same_rows: bool = False
) -> list[str]:
    """List the keys in which two study documents differ, each with both values; `FREE_KEYS` aside.

    Args:
        stored: The document in the record.
        given: The one to compare it with.
        same_rows: Whether both load the same rows; where from does not matter then, so that a study's
            folder may be moved.

    >>> study_changes({"seed": 0, "search": {"runs": 10}}, {"seed": 1, "search": {"runs": 20}})
    ['seed: stored 0, given 1']
    """
    free = FREE_KEYS | ({"data.source"} if same_rows else frozenset())
    return [
        f"{path}: stored {_show(before)}, given {_show(after)}"
        for path, before, after in _differences(_with_new_defaults(stored), given)
        if path not in free and not (same_rows and path.startswith("data.source."))
    ]


def _with_new_defaults(document: Mapping[str, Any]) -> Mapping[str, Any]:
    """Fill in settings that this version has and the one that stored the study did not."""
    try:
        return parse_study(document).document()
    except InputError:
        return document


def _differences(stored: Any, given: Any, path: str = "") -> Iterator[tuple[str, Any, Any]]:
    if isinstance(stored, Mapping) and isinstance(given, Mapping):
        for key in dict.fromkeys([*stored, *given]):
            place = f"{path}.{key}" if path else key
            yield from _differences(stored.get(key, _NOTHING), given.get(key, _NOTHING), place)
    elif _is_named(stored) and _is_named(given):
        yield from _named_differences(stored, given, path)
    elif stored != given:
        yield path, stored, given


def _named_differences(
    stored: list[Mapping[str, Any]], given: list[Mapping[str, Any]], path: str
) -> Iterator[tuple[str, Any, Any]]:
    """Match items by name, so that one task more does not make all that follow it look changed."""
    before = {item["name"]: item for item in stored}
    after = {item["name"]: item for item in given}
    if list(before) != list(after):
        yield path, list(before), list(after)
    for name in before:
        if name in after:
            yield from _differences(before[name], after[name], f"{path}[{name}]")


def _is_named(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(item, Mapping) and "name" in item for item in value)


def _show(value: Any) -> str:
    return "nothing" if value is _NOTHING else json.dumps(value, ensure_ascii=False, default=str)
