"""The arranged matrix: which cells may show a number decides what readers believe."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from taskgroup.affinity import AffinityMatrix
from taskgroup.reporting import heatmap_table
from taskgroup.reporting.tables import Evidence
from taskgroup.search import Outcome


def affinity_of(estimate: float, low: float, high: float, q_value: float) -> AffinityMatrix:
    """Two tasks, of which only a -> b was measured."""

    def only(value: float) -> pd.DataFrame:
        return pd.DataFrame([[np.nan, np.nan], [value, np.nan]], index=["a", "b"], columns=["a", "b"])

    return AffinityMatrix(only(estimate), only(low), only(high), only(q_value), only(5), "pairs", 10)


@pytest.mark.parametrize(
    ("low", "high", "q_value", "evidence"),
    [
        (0.01, 0.05, 0.01, Evidence.CORRECTED),
        (0.01, 0.05, 0.20, Evidence.INTERVAL),
        (-0.01, 0.07, 0.20, Evidence.UNCLEAR),
        (np.nan, np.nan, np.nan, Evidence.UNCLEAR),
    ],
)
def test_evidence_follows_interval_and_q_value(
    low: float, high: float, q_value: float, evidence: Evidence
) -> None:
    table = heatmap_table(affinity_of(0.03, low, high, q_value))
    assert table.evidence.loc["b", "a"] == evidence
    assert table.evidence.loc["a", "b"] == Evidence.UNMEASURED
    assert table.evidence.loc["a", "a"] == Evidence.ITSELF


def test_every_statistic_keeps_its_direction_when_reordered(digits_outcome: Outcome) -> None:
    affinity = digits_outcome.affinity
    for row in heatmap_table(affinity).cells():
        for cell in row:
            if cell.measured:
                assert cell.gain == affinity.estimate.loc[cell.target, cell.source]
                assert cell.low == affinity.low.loc[cell.target, cell.source]
                assert cell.q_value == affinity.q_value.loc[cell.target, cell.source]


def test_rows_and_columns_share_one_order(digits_outcome: Outcome) -> None:
    table = heatmap_table(digits_outcome.affinity)
    assert list(table.estimate.columns) == table.tasks
    assert table.tasks != list(digits_outcome.study.task_names)


def test_boundaries_stand_where_the_serving_network_changes(digits_outcome: Outcome) -> None:
    table = heatmap_table(digits_outcome.affinity, digits_outcome.recommendation)
    serving = [table.network[task] for task in table.tasks]
    for place in range(1, len(serving)):
        assert (place in table.boundaries) == (serving[place] != serving[place - 1])
    assert heatmap_table(digits_outcome.affinity).boundaries == ()


def test_one_outlier_does_not_wash_out_the_colours(make_outcome: Callable[..., Outcome]) -> None:
    affinity = make_outcome([f"t{i}" for i in range(12)]).affinity
    estimate = affinity.estimate.copy()
    usual = np.nanmax(np.abs(estimate.to_numpy()))
    estimate.iloc[0, 1] = -40.0
    table = heatmap_table(replace(affinity, estimate=estimate))
    assert table.limit <= usual
    assert table.limit_labels[0].startswith("≤ ")


def test_colours_have_a_range_when_nothing_was_measured() -> None:
    table = heatmap_table(affinity_of(np.nan, np.nan, np.nan, np.nan))
    assert table.limit > 0
    assert not table.clipped
