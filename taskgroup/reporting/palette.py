"""Colours that the colour-blind can tell apart, used by every picture."""

from __future__ import annotations

# ColorBrewer RdBu: from hurts (red) over nothing (near white) to helps (blue).
DIVERGING = (
    "#b2182b",
    "#d6604d",
    "#f4a582",
    "#fddbc7",
    "#f7f7f7",
    "#d1e5f0",
    "#92c5de",
    "#4393c3",
    "#2166ac",
)
BLANK = "#e4e6e9"
VEIL_OPACITY = 0.55

# These keep their contrast on white and on near-black paper.
RECOMMENDED = "#2b7bba"
ALL_IN_ONE = "#d9762b"
FAILED = "#c0392b"
NEUTRAL = "#80868f"
GRID = "rgba(128, 134, 143, 0.22)"
INK = "#1c2126"


def colorscale() -> list[tuple[float, str]]:
    """The diverging colours as evenly spaced stops in [0, 1]."""
    last = len(DIVERGING) - 1
    return [(i / last, color) for i, color in enumerate(DIVERGING)]
