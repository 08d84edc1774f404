"""The figures: what they say in text, and that names stay names inside plotly."""

from __future__ import annotations

import json
from collections.abc import Callable

import numpy as np
import plotly.graph_objects as go
import pytest
from fabricated import FORTY, HOSTILE

from taskgroup import reporting
from taskgroup.reporting import tables
from taskgroup.search import Outcome


def all_figures(outcome: Outcome) -> dict[str, go.Figure]:
    return {
        "heatmap": reporting.heatmap_figure(tables.heatmap_table(outcome.affinity, outcome.recommendation)),
        "groups": reporting.group_figure(tables.group_table(outcome.recommendation)),
        "gains": reporting.gain_figure(tables.gain_table(outcome)),
        "stages": reporting.stage_figure(tables.stage_table(outcome)),
    }


def test_the_diagonal_is_blank_and_unclear_cells_have_a_dot(digits_outcome: Outcome) -> None:
    table = tables.heatmap_table(digits_outcome.affinity)
    gains, veil = reporting.heatmap_figure(table).data
    texts = np.asarray(gains.text)
    assert not np.diag(texts).any()
    assert np.isnan(np.diag(np.asarray(gains.z, dtype=float))).all()
    for row in table.cells():
        for cell in row:
            shown, dot = texts[cell.row, cell.column], veil.text[cell.row][cell.column]
            assert bool(shown) == cell.sure
            assert dot == ("•" if cell.measured and not cell.sure else "")
            assert shown.endswith("*</b>") == (cell.evidence == "corrected")


def test_the_direction_is_said_in_words(digits_outcome: Outcome) -> None:
    layout = all_figures(digits_outcome)["heatmap"].layout
    assert "column" in layout.xaxis.title.text
    assert "row" in layout.yaxis.title.text


def test_colours_are_centred_on_zero(digits_outcome: Outcome) -> None:
    gains = all_figures(digits_outcome)["heatmap"].data[0]
    assert gains.zmin == -gains.zmax


def test_hover_names_interval_q_and_runs(digits_outcome: Outcome) -> None:
    table = tables.heatmap_table(digits_outcome.affinity)
    hover = reporting.heatmap_figure(table).data[0].hovertext[0][1]
    for part in ("95% interval", "q-value", "paired runs: 5", table.tasks[0], table.tasks[1]):
        assert part in hover


def test_large_matrices_have_no_numbers(make_outcome: Callable[..., Outcome]) -> None:
    outcome = make_outcome(FORTY[:31])
    figure = reporting.heatmap_figure(tables.heatmap_table(outcome.affinity, outcome.recommendation))
    assert all(trace.text is None for trace in figure.data)
    assert len(figure.layout.shapes) >= 2 * 11


def test_names_cannot_become_tags(make_outcome: Callable[..., Outcome]) -> None:
    for figure in all_figures(make_outcome(HOSTILE)).values():
        document = json.dumps(figure.to_plotly_json(), default=str)
        for tag in ("<script", "<img", "<i>", "</title"):
            assert tag not in document


def test_names_like_dates_and_numbers_are_not_read_as_values(make_outcome: Callable[..., Outcome]) -> None:
    for name in ("groups", "gains"):
        figure = all_figures(make_outcome(("2026-01-01", "1e5", "nan", "7")))[name]
        assert sorted(figure.layout.yaxis.ticktext) == ["1e5", "2026-01-01", "7", "nan"]
        assert list(figure.layout.yaxis.tickvals) == [0, 1, 2, 3]


def test_gain_bars_end_at_the_interval(digits_outcome: Outcome) -> None:
    table = tables.gain_table(digits_outcome)
    recommended = reporting.gain_figure(table).data[0]
    rows = table[table["strategy"] == "recommended"]
    ends = np.asarray(recommended.x) + np.asarray(recommended.error_x.array)
    np.testing.assert_allclose(ends, rows["high"])
    starts = np.asarray(recommended.x) - np.asarray(recommended.error_x.arrayminus)
    np.testing.assert_allclose(starts, rows["low"])


@pytest.mark.parametrize("n_tasks", [2, 7, 31])
def test_every_label_has_room(make_outcome: Callable[..., Outcome], n_tasks: int) -> None:
    for figure in all_figures(make_outcome(FORTY[:n_tasks])).values():
        labels = figure.layout.yaxis.ticktext
        assert figure.layout.height >= 20 * len(labels)


def test_reliability_keeps_the_diagonal_in_view(digits_outcome: Outcome) -> None:
    figure = reporting.reliability_figure(tables.reliability_table(digits_outcome))
    assert figure.layout.xaxis.range == figure.layout.yaxis.range


def test_a_long_name_of_the_last_column_is_not_dropped(make_outcome: Callable[..., Outcome]) -> None:
    """Plotly hides a name that leans out of its figure, so that a column would have none."""
    names = ("left_shoulder_torque", "right_shoulder_torq", "upper_elbow_torque")
    figure = reporting.heatmap_figure(tables.heatmap_table(make_outcome(names).affinity))
    assert figure.layout.xaxis.ticklabeloverflow == "allow"
    short = reporting.heatmap_figure(tables.heatmap_table(make_outcome(("a", "b", "c")).affinity))
    assert figure.layout.margin.r > short.layout.margin.r
