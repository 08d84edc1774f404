"""Labels: a task name must arrive in a chart whole, and never as markup."""

from __future__ import annotations

import html

from fabricated import HOSTILE
from hypothesis import given
from hypothesis import strategies as st

from taskgroup.reporting import labels

names = st.text(st.characters(exclude_categories=("C", "Z")), min_size=1, max_size=80)


@given(name=names, width=st.integers(4, 30))
def test_wrapping_loses_nothing_and_keeps_the_width(name: str, width: int) -> None:
    lines = labels.wrap(name, width=width)
    assert "".join(lines) == name
    assert labels.longest_line([name], width=width) <= width
    assert labels.most_lines([name], width=width) == len(lines)


def test_wide_characters_count_twice() -> None:
    assert labels.wrap("顧客離反率", width=6) == ["顧客離", "反率"]


def test_labels_hold_no_tag_but_their_line_breaks() -> None:
    for name in HOSTILE:
        lines = labels.label(name, width=200).split("<br>")
        assert not any("<" in line or ">" in line for line in lines)
        assert html.unescape(" ".join(lines)).split() == name.split()
