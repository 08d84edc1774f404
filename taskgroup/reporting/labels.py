"""Task names as chart labels: wrapped to a width, and safe where plotly reads a little HTML."""

from __future__ import annotations

import html
import re
import unicodedata

_PIECE = re.compile(r"[^\s_\-./]*[\s_\-./]+|[^\s_\-./]+")


def wrap(name: str, *, width: int) -> list[str]:
    """Break a name into lines, after blanks, underscores, hyphens, dots and slashes where it can be.

    Args:
        name: Any text; nothing of it is lost but the blanks at line ends.
        width: Columns a line; East Asian wide characters take two.

    >>> wrap("customer_lifetime_value", width=12)
    ['customer_', 'lifetime_', 'value']
    """
    lines = [""]
    for piece in _PIECE.findall(name):
        if lines[-1] and _columns(lines[-1] + piece.rstrip()) > width:
            lines.append("")
        for character in piece:
            if _columns(lines[-1] + character) > width and not character.isspace():
                lines.append("")
            lines[-1] += character
    return [line.strip() for line in lines if line.strip()] or [name]


def _columns(text: str) -> int:
    return sum(1 + (unicodedata.east_asian_width(character) in "WF") for character in text)


def escape(text: str) -> str:
    """Escape text for plotly, whose labels and hover boxes read tags and entities.

    >>> escape("<b>a & b</b>")
    '&lt;b&gt;a &amp; b&lt;/b&gt;'
    """
    return html.escape(text, quote=False)


def label(name: str, *, width: int = 22) -> str:
    """Write a name as a plotly label of as many lines as it needs."""
    return "<br>".join(map(escape, wrap(name, width=width)))


def longest_line(names: list[str], *, width: int) -> int:
    """Columns of the longest line among wrapped names."""
    return max(_columns(line) for name in names for line in wrap(name, width=width))


def most_lines(names: list[str], *, width: int) -> int:
    """Lines of the name that wraps most."""
    return max(len(wrap(name, width=width)) for name in names)
