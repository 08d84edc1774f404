"""Groupings as files for other programs: JSON and YAML that read back equal, CSV for tables."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Literal

import yaml

from taskgroup.errors import InputError, NotFoundError, nearest
from taskgroup.grouping import Grouping
from taskgroup.reporting.atomic import write_atomically
from taskgroup.reporting.tables import group_table

ExportFormat = Literal["json", "yaml", "csv"]
_FORMAT_OF_SUFFIX: dict[str, ExportFormat] = {".json": "json", ".yaml": "yaml", ".yml": "yaml", ".csv": "csv"}


def export_grouping(grouping: Grouping, format: ExportFormat) -> str:
    """Write a grouping as text.

    Args:
        grouping: What to export.
        format: `json` or `yaml` hold all of it, as in `Grouping.document`; `csv` has one row a network
            and task: network, task, served, cost, sharing, depth, weighting, learning_rate, weight_decay,
            sampling, distillation, settings.

    Raises:
        InputError: If the format is unknown.
    """
    if format not in _WRITERS:
        raise InputError(f"export format {format!r} is not known; {nearest(format, _WRITERS)}")
    return _WRITERS[format](grouping)


def write_export(grouping: Grouping, path: str | Path, format: ExportFormat | None = None) -> Path:
    """Write a grouping to a file.

    Args:
        grouping: What to export.
        path: Where to; an older file is replaced.
        format: Taken from the path's suffix where it is not given.

    Raises:
        InputError: If the format or the suffix is unknown, or the path cannot be written to.
    """
    path = Path(path)
    return write_atomically(path, export_grouping(grouping, format or _format_of(path)))


def read_export(path: str | Path) -> Grouping:
    """Read a grouping that was exported as JSON or YAML.

    Raises:
        NotFoundError: If there is no such file.
        InputError: If it holds no exported grouping.
    """
    path = Path(path)
    if _format_of(path) == "csv":
        raise InputError(f"'{path}' is a CSV, which does not hold the whole grouping; export as json or yaml")
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise NotFoundError(f"exported grouping '{path}' does not exist; check the path") from None
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"'{path}' cannot be read as UTF-8 text: {error}") from None
    parse: Callable[[str], Any] = json.loads if _format_of(path) == "json" else yaml.safe_load
    try:
        return Grouping.from_document(parse(text))
    except (ValueError, KeyError, TypeError, AttributeError, yaml.YAMLError) as error:
        raise InputError(
            f"'{path}' holds no exported grouping ({type(error).__name__}: {error}); "
            "write one with write_export or `taskgroup export`"
        ) from None


def _format_of(path: Path) -> ExportFormat:
    suffix = path.suffix.lower()
    if suffix not in _FORMAT_OF_SUFFIX:
        raise InputError(
            f"the format of '{path}' cannot be told from its suffix {suffix!r}; "
            f"{nearest(suffix, _FORMAT_OF_SUFFIX)}"
        )
    return _FORMAT_OF_SUFFIX[suffix]


def _json(grouping: Grouping) -> str:
    return json.dumps(_plain(grouping.document()), indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def _yaml(grouping: Grouping) -> str:
    return yaml.safe_dump(_plain(grouping.document()), sort_keys=False, allow_unicode=True, width=100)


def _csv(grouping: Grouping) -> str:
    table = group_table(grouping)
    return table.assign(served=table["served"].map({True: "true", False: "false"})).to_csv(index=False)


_WRITERS: dict[ExportFormat, Callable[[Grouping], str]] = {"json": _json, "yaml": _yaml, "csv": _csv}


def _plain(value: Any) -> Any:
    """Reduce to what JSON has: numpy numbers become Python's, non-finite ones None."""
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if hasattr(value, "item"):
        value = value.item()
    return None if isinstance(value, float) and not math.isfinite(value) else value
