"""Affinity by depth in the report: one strip, one order, one range of colours, and the tree to paste."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from taskgroup.affinity import AffinityByDepth, AffinityMatrix
from taskgroup.reporting import page, render_page
from taskgroup.reporting.figures import depth_strip_figure
from taskgroup.reporting.figures.depth_strip import depth_strip_widths
from taskgroup.reporting.tables import depth_strip_tables
from taskgroup.search import Outcome


def by_depth(names: list[str], *, scale: float = 1.0) -> AffinityByDepth:
    rng, off_diagonal = np.random.default_rng(0), ~np.eye(len(names), dtype=bool)
    matrices = {}
    for depth in (1, 2, 3):
        values = 0.1 * scale * depth * rng.normal(size=(len(names), len(names)))
        gain = pd.DataFrame(values, index=names, columns=names).where(off_diagonal)
        matrices[depth] = AffinityMatrix(
            gain, gain - 0.05, gain + 0.05, gain * 0 + 0.2, gain * 0 + 3, estimator="pairwise", cost_runs=3
        )
    return AffinityByDepth(matrices, None)


def test_matrices_have_one_order_and_one_range_of_colours():
    """Colours that mean another gain in each matrix would hide how affinity changes."""
    tables = depth_strip_tables(by_depth(["a", "b", "c"]), ["c", "a", "b"])
    assert [table.tasks for table in tables.values()] == [["c", "a", "b"]] * 3
    figure = depth_strip_figure(tables)
    shown = [trace for trace in figure.data if trace.hoverinfo == "text"]
    assert len({(trace.zmin, trace.zmax) for trace in shown}) == 1
    assert [bool(trace.showscale) for trace in figure.data].count(True) == 1
    titles = [figure.layout[name].title.text for name in ("xaxis", "xaxis2", "xaxis3")]
    assert titles == ["1 block shared", "2 blocks shared", "3 blocks shared"]


@pytest.mark.parametrize("n_tasks", [2, 12, 30])
def test_the_strip_has_room_for_its_tasks(n_tasks):
    """Cells that shrink to nothing cannot be read."""
    tables = depth_strip_tables(
        by_depth([f"task {i}" for i in range(n_tasks)]), [f"task {i}" for i in range(n_tasks)]
    )
    least, greatest = depth_strip_widths(tables)
    assert 3 * n_tasks * 20 < least < greatest
    assert depth_strip_figure(tables).layout.height > 20 * n_tasks


def test_the_page_shows_it_where_it_was_measured(digits_outcome: Outcome, monkeypatch):
    found = by_depth(list(digits_outcome.study.task_names))
    monkeypatch.setattr(page.by_depth, "affinity_by_depth_of", lambda outcome: found)
    shown = render_page(digits_outcome)
    assert "By sharing depth" in shown
    assert "No tree yet" in shown


def test_nothing_is_shown_where_one_depth_was_measured(digits_outcome: Outcome):
    assert "By sharing depth" not in render_page(digits_outcome)
