"""Negative transfer under two baselines: the numbers, the section and the file."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from taskgroup.reporting import baseline_size_table, render_page, write_report
from taskgroup.search import Outcome


@pytest.fixture
def outcome(make_outcome: Callable[..., Outcome]) -> Outcome:
    return make_outcome(matched=0.05)


def test_both_rows_count_the_same_cells(outcome: Outcome) -> None:
    """Sizes without matched baselines would make the shares incomparable."""
    pairs = outcome.matched_transfer[outcome.matched_transfer["n_tasks"] == 2]
    table = baseline_size_table(replace(outcome, matched_transfer=pairs)).set_index("baseline")
    full = outcome.transfer[outcome.transfer["n_tasks"] == 2]["gain"]
    assert table["n_cells"].tolist() == [len(pairs)] * 2
    assert table.loc["single_task", "n_negative"] == (full < 0).sum()
    assert table.loc["single_task_matched", "n_negative"] == (full < -0.05).sum()
    assert table.loc["single_task_matched", "negative_share"] == (full < -0.05).mean()
    flagged = full[(full < -0.05) & (pairs["q_value"] < 0.05)]
    assert table.loc["single_task_matched", "n_flagged"] == len(flagged)
    assert table["mean_gain"].diff().iloc[1] == pytest.approx(0.05)


def test_the_page_shows_both_baselines(outcome: Outcome) -> None:
    page = render_page(outcome)
    assert "Transfer or size: two baselines" in page
    assert "capacity-matched single-task networks" in page


def test_nothing_is_shown_or_written_where_one_baseline_was_asked_for(
    digits_outcome: Outcome, tmp_path: Path
) -> None:
    assert baseline_size_table(digits_outcome).empty
    assert "baseline-size" not in render_page(digits_outcome)
    assert write_report(digits_outcome, tmp_path).matched_csv is None


def test_gains_over_matched_networks_are_written_beside_the_page(outcome: Outcome, tmp_path: Path) -> None:
    path = write_report(outcome, tmp_path).matched_csv
    assert path == tmp_path / "matched_transfer.csv"
    pd.testing.assert_frame_equal(pd.read_csv(path), outcome.matched_transfer)
