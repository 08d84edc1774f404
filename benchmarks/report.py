"""Writing what was measured: Markdown to read, JSON to compare."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Table:
    """Rows of cells under column names."""

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str | float | int]]

    def markdown(self) -> str:
        """As a Markdown table, numbers to three digits."""
        lines = [
            f"## {self.title}",
            "",
            _line(self.columns),
            _line(["---", *["---:"] * (len(self.columns) - 1)]),
        ]
        return "\n".join([*lines, *(_line([_cell(cell) for cell in row]) for row in self.rows)])


@dataclass(frozen=True)
class Report:
    """What one bench found.

    Attributes:
        name: File name without suffix.
        title: Its heading.
        text: What was done and what it means, paragraphs.
        tables: The figures.
        facts: The machine.
        raw: Everything measured, for JSON.
    """

    name: str
    title: str
    text: Sequence[str]
    tables: Sequence[Table]
    facts: Mapping[str, object]
    raw: Any

    def markdown(self, command: str) -> str:
        """The whole report."""
        facts = "\n".join(f"- {name}: {value}" for name, value in self.facts.items())
        parts = [f"# {self.title}", *self.text, *(table.markdown() for table in self.tables)]
        return "\n\n".join([*parts, "## Measured on", f"{facts}\n- command: `{command}`"]) + "\n"

    def write(self, folder: Path, command: str) -> None:
        """Write NAME.md and NAME.json."""
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{self.name}.md").write_text(self.markdown(command), encoding="utf-8")
        document = {"command": command, "machine": dict(self.facts), "measured": self.raw}
        (folder / f"{self.name}.json").write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _cell(value: str | float | int) -> str:
    if not isinstance(value, float):
        return str(value)
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.3g}"
