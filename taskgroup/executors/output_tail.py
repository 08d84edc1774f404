"""The end of what a process printed, however much that was."""

from __future__ import annotations

import re
from typing import final

_KEPT_BYTES = 16_384
_SHOWN_LINES = 10
_SHOWN_CHARACTERS = 1_000
_TERMINAL_CODE = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|.)")


@final
class OutputTail:
    """Keeps the last bytes of a stream."""

    def __init__(self) -> None:
        self._kept = bytearray()

    def add(self, chunk: bytes) -> None:
        """Take in what came next."""
        self._kept += chunk
        del self._kept[:-_KEPT_BYTES]

    def words(self) -> str:
        """The last lines as one, without blank lines, colours and control characters."""
        text = _TERMINAL_CODE.sub("", self._kept.decode("utf-8", errors="replace"))
        lines = ["".join(c for c in line if c.isprintable()).strip() for line in text.splitlines()]
        shown = " | ".join([line for line in lines if line][-_SHOWN_LINES:])
        return shown if len(shown) <= _SHOWN_CHARACTERS else f"…{shown[-_SHOWN_CHARACTERS:]}"
