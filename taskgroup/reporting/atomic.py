"""Files that are either whole or absent: written beside their place, then moved there."""

from __future__ import annotations

import os
from pathlib import Path

from taskgroup.errors import InputError


def write_atomically(path: Path, content: str | bytes) -> Path:
    """Write a file so that no reader ever sees half of it; folders on the way are made.

    Args:
        path: Where the file goes; an older one is replaced.
        content: Text is written as UTF-8.

    Raises:
        InputError: If the place cannot be written to.
    """
    data = content.encode(errors="replace") if isinstance(content, str) else content
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        partial.write_bytes(data)
        partial.replace(path)
    except OSError as error:
        if partial.is_file():
            partial.unlink()
        raise InputError(f"'{path}' cannot be written: {error.strerror}; choose another place") from error
    return path
