"""Capacity-matched baselines of a search: which networks they are, and how many fit into the runs."""

from __future__ import annotations

import pytest
from planted import document

from taskgroup.search import default_recipes, joint_sizes, matched_capacities, matched_specs
from taskgroup.search.matched import affordable_specs
from taskgroup.spec import encoder_products, parse_study, scaled_widths

STUDY = parse_study(document("memory", model={"widths": [64, 64]}, search={"sharing": {"depth": [1, 2]}}))
SUBSETS = [("a", "b"), ("a",), ("a", "b", "c"), ("a", "c")]


def test_single_networks_together_cost_what_the_joint_one_does():
    widths, n_inputs = STUDY.model.widths, 10
    capacities = matched_capacities(STUDY, default_recipes(STUDY), n_inputs, [2, 3, 4])
    full = encoder_products(n_inputs, widths)
    for size, capacity in capacities.items():
        together = size * encoder_products(n_inputs, scaled_widths(widths, capacity))
        assert together == pytest.approx(full, rel=0.05)


def test_where_nothing_is_shared_the_full_networks_match():
    """Separate encoders cost as much as separate networks: no narrower ones are trained."""
    study = parse_study(document("memory", search={"sharing": {"depth": [0]}}))
    assert matched_capacities(study, default_recipes(study), 10, [2, 3]) == {2: 1.0, 3: 1.0}


def test_each_task_has_a_baseline_for_each_size_that_it_was_measured_in():
    by_size = matched_specs(STUDY, default_recipes(STUDY), {3: 0.5, 2: 0.7}, SUBSETS, [0, 1])
    assert list(by_size) == joint_sizes(SUBSETS) == [2, 3]
    for size, specs in by_size.items():
        assert [(s.subset, s.seed) for s in specs] == [((t,), seed) for seed in (0, 1) for t in "abc"]
        assert {s.capacity for s in specs} == {{2: 0.7, 3: 0.5}[size]}


@pytest.mark.parametrize(
    ("n_runs", "sizes", "left_out"), [(0, 0, [2, 3]), (5, 0, [2, 3]), (6, 1, [3]), (12, 2, [])]
)
def test_whole_sizes_are_trained_smallest_first(n_runs, sizes, left_out):
    by_size = matched_specs(STUDY, default_recipes(STUDY), {2: 0.7, 3: 0.5}, SUBSETS, [0, 1])
    specs, missing = affordable_specs(by_size, {}, n_runs)
    assert specs == [spec for size in [2, 3][:sizes] for spec in by_size[size]]
    assert missing == left_out


def test_known_runs_cost_nothing():
    by_size = matched_specs(STUDY, default_recipes(STUDY), {2: 1.0}, SUBSETS, [0])
    assert affordable_specs(by_size, by_size[2], 0) == (by_size[2], [])
