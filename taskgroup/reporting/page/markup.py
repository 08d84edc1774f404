"""HTML from small pieces: whatever is not `Html` already gets escaped, so names cannot become tags."""

from __future__ import annotations

import html
from collections.abc import Collection, Iterable
from typing import Any, NewType

import pandas as pd
import plotly.graph_objects as go
import plotly.io

Html = NewType("Html", str)
"""Text that is markup already; only this module makes it."""


def text(value: object) -> Html:
    """Escape any value for use between tags or in an attribute."""
    return Html(html.escape(str(value), quote=True))


def join(parts: Iterable[Html], separator: str = "") -> Html:
    """Put pieces one after the other."""
    return Html(separator.join(parts))


def element(tag: str, *content: Html, **attributes: str) -> Html:
    """Wrap pieces in a tag; attributes are written as Python names (``class_``, ``aria_label``).

    >>> element("p", text("a < b"), class_="lead")
    '<p class="lead">a &lt; b</p>'
    """
    names = (name.rstrip("_").replace("_", "-") for name in attributes)
    written = "".join(
        f' {name}="{text(value)}"' for name, value in zip(names, attributes.values(), strict=True)
    )
    return Html(f"<{tag}{written}>{''.join(content)}</{tag}>")


def paragraph(*sentences: str, class_: str = "prose") -> Html:
    """A paragraph of sentences."""
    return element("p", text(" ".join(sentences)), class_=class_)


def section(title: str, *content: Html, key: str) -> Html:
    """A titled part of the page."""
    return element("section", element("h2", text(title)), *content, id=key)


def unordered(items: Iterable[str], *, class_: str) -> Html:
    """A list of texts."""
    return element("ul", *(element("li", text(item)) for item in items), class_=class_)


def definitions(pairs: Iterable[tuple[str, str]], *, class_: str = "definitions") -> Html:
    """Terms with what they stand for."""
    rows = (element("div", element("dt", text(term)), element("dd", text(value))) for term, value in pairs)
    return element("dl", *rows, class_=class_)


def details(summary: str, *content: Html) -> Html:
    """Content that unfolds on a click."""
    return element("details", element("summary", text(summary)), *content)


def table(frame: pd.DataFrame, *, numeric: Collection[str] = ()) -> Html:
    """A frame of texts as a table that scrolls when it is wider than the page.

    Args:
        frame: Its column names are the head.
        numeric: The columns whose cells align to the right.
    """
    kinds = ["number" if name in numeric else "name" for name in frame.columns]
    head = _row("th", frame.columns, kinds)
    body = join(_row("td", row, kinds) for row in frame.itertuples(index=False))
    content = element("table", element("thead", head), element("tbody", body))
    return element("div", content, class_="scroll", tabindex="0")


def _row(tag: str, cells: Iterable[object], kinds: list[str]) -> Html:
    return element("tr", *(element(tag, text(c), class_=kind) for c, kind in zip(cells, kinds, strict=True)))


def picture(
    figure: go.Figure, *, key: str, says: str, least_width: int = 0, greatest_width: int | None = None
) -> Html:
    """A plotly figure that the page's script draws.

    Args:
        figure: Its layout has a height; the width follows the page.
        key: Names the figure within the page.
        says: What it shows, for those who cannot see it.
        least_width: Pixels below which it scrolls instead of shrinking.
        greatest_width: Pixels above which it stops growing.
    """
    size = f"height: {figure.layout.height}px; min-width: {least_width}px"
    size += f"; max-width: {greatest_width}px" if greatest_width else ""
    place = element("div", id=f"plot-{key}", class_="plot", style=size, role="img", aria_label=says)
    data = _script_json(figure)
    source = element("script", data, type="application/json", data_plot=f"plot-{key}")
    return element("figure", element("div", place, class_="scroll"), source)


def _script_json(figure: go.Figure) -> Html:
    content: Any = plotly.io.to_json(figure, validate=False)
    return Html(content.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026"))
