"""The report's other tables: ranks, tallies and claims that the text and pictures repeat."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from taskgroup.reporting import tables
from taskgroup.search import Outcome
from taskgroup.spec import subset_from_name


def test_negative_transfer_is_ranked_worst_first_without_the_target_in_its_company(
    digits_outcome: Outcome,
) -> None:
    table = tables.negative_transfer_table(digits_outcome)
    assert table["gain"].is_monotonic_increasing
    assert len(table) == len(digits_outcome.negative_transfer)
    for row in table.to_dict("records"):
        assert row["target"] not in subset_from_name(row["company"])


def test_only_tests_with_a_q_value_count_as_tests(digits_outcome: Outcome) -> None:
    transfer = digits_outcome.transfer.copy()
    transfer.loc[transfer.index[:3], "q_value"] = np.nan
    assert tables.tested(replace(digits_outcome, transfer=transfer)) == len(transfer) - 3


def test_gains_are_ordered_by_the_recommendation_for_both_strategies(digits_outcome: Outcome) -> None:
    table = tables.gain_table(digits_outcome)
    recommended, all_in_one = (
        table[table["strategy"] == name].reset_index() for name in ("recommended", "all_in_one")
    )
    assert recommended["gain"].is_monotonic_decreasing
    assert list(recommended["task"]) == list(all_in_one["task"])
    assert sorted(recommended["task"]) == sorted(digits_outcome.study.task_names)


def test_gains_are_empty_before_confirmation(make_outcome: Callable[..., Outcome]) -> None:
    assert tables.gain_table(make_outcome(confirmed=False)).empty


def test_every_task_is_served_once_and_riders_are_marked(digits_outcome: Outcome) -> None:
    table = tables.group_table(digits_outcome.recommendation)
    served = table[table["served"]]
    assert sorted(served["task"]) == sorted(digits_outcome.study.task_names)
    assert list(table.loc[~table["served"], "task"]) == ["prime"]


@pytest.mark.parametrize(
    ("low", "high", "confirmed", "standing"),
    [
        (0.01, 0.05, True, "better"),
        (-0.05, -0.01, True, "worse"),
        (-0.01, 0.05, True, "unclear"),
        (None, None, True, "unrepeated"),
        (0.01, 0.05, False, "provisional"),
    ],
)
def test_a_claim_needs_confirmation_and_an_interval_that_excludes_zero(
    digits_outcome: Outcome, low: float | None, high: float | None, confirmed: bool, standing: str
) -> None:
    versus = {"single_task": {"gain": 0.02, "low": low, "high": high}}
    grouping = replace(digits_outcome.recommendation, versus=versus, confirmed=confirmed)
    single_task, all_in_one = tables.claims(grouping)
    assert single_task.standing == standing
    assert all_in_one.standing == "unmeasured"


def test_failed_runs_are_counted_once_by_reason(make_outcome: Callable[..., Outcome]) -> None:
    failures = tables.failure_table(make_outcome(failed_runs=4))
    assert failures.to_dict("records") == [{"reason": "loss became non-finite at epoch 3", "runs": 4}]
    assert tables.failure_table(make_outcome()).empty


def test_reliability_drops_what_could_not_be_predicted(make_outcome: Callable[..., Outcome]) -> None:
    outcome = make_outcome(unmeasured=0.6)
    assert outcome.reliability["predicted"].isna().any()
    assert tables.reliability_table(outcome).notna().all(axis=None)
