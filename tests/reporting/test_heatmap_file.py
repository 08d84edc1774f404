"""The heatmap as PNG and SVG: readable in a README, repeatable, and safe with any name."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import pytest
from fabricated import FORTY, HOSTILE
from matplotlib.image import imread

from taskgroup.errors import InputError
from taskgroup.reporting import heatmap_table, write_heatmap
from taskgroup.reporting.heatmap_png import heatmap_image
from taskgroup.search import Outcome


@pytest.mark.parametrize("names", [("a",), HOSTILE[:9], FORTY[:31]], ids=["one", "hostile", "large"])
def test_a_picture_comes_of_any_task_list(
    names: tuple[str, ...], make_outcome: Callable[..., Outcome]
) -> None:
    outcome = make_outcome(names)
    picture = imread(io.BytesIO(heatmap_image(heatmap_table(outcome.affinity, outcome.recommendation))))
    height, width = picture.shape[:2]
    assert min(height, width) >= 400


def test_the_same_matrix_gives_the_same_bytes(make_outcome: Callable[..., Outcome]) -> None:
    table = heatmap_table(make_outcome(("a", "b")).affinity)
    assert heatmap_image(table, format="svg") == heatmap_image(table, format="svg")
    assert heatmap_image(table) == heatmap_image(table)


def test_svg_and_png_follow_the_suffix(digits_outcome: Outcome, tmp_path: Path) -> None:
    svg = write_heatmap(digits_outcome.affinity, tmp_path / "a.svg", grouping=digits_outcome.recommendation)
    png = write_heatmap(digits_outcome.affinity, tmp_path / "a.PNG")
    assert svg.read_bytes().lstrip().startswith(b"<?xml")
    assert png.read_bytes().startswith(b"\x89PNG")


def test_an_unknown_suffix_is_refused_with_the_known_ones(digits_outcome: Outcome, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"\.png"):
        write_heatmap(digits_outcome.affinity, tmp_path / "a.jpeg")
    assert not list(tmp_path.iterdir())
