"""Runs of less capacity: a matched baseline must be the plain network of the smaller size."""

from __future__ import annotations

from dataclasses import replace

import pytest
from cases import N_INPUTS, N_OUTPUTS, seed_rows, shapes, spec

from taskgroup.training import pack, run_bytes, train_cohort

DATA = {seed: seed_rows(seed) for seed in range(2)}
PAIR, ALONE = spec("flag", "size"), spec("flag", seed=1)
SHAPE = {"n_inputs": N_INPUTS, "n_outputs": N_OUTPUTS, "batch_size": 8}


@pytest.mark.parametrize(("capacity", "widths"), [(0.5, (3, 2)), (0.3, (2, 2)), (0.01, (1, 1))])
def test_a_narrow_cohort_is_the_cohort_of_the_narrow_network(capacity, widths):
    narrow = train_cohort(
        [replace(run, capacity=capacity) for run in (PAIR, ALONE)], DATA, shapes(), max_epochs=3
    )
    plain = train_cohort([PAIR, ALONE], DATA, shapes(widths=widths), max_epochs=3)
    assert [result.scores for result in narrow] == [result.scores for result in plain]
    assert [result.spec.capacity for result in narrow] == [capacity] * 2


def test_a_narrow_run_is_another_run():
    full, narrow = (
        train_cohort([replace(PAIR, capacity=c)], DATA, shapes(), max_epochs=3) for c in (1.0, 0.5)
    )
    assert full[0].scores != narrow[0].scores


def test_cohorts_are_of_one_capacity():
    """Stacked layers have one width."""
    runs = [replace(spec("flag", seed=seed), capacity=c) for seed in range(3) for c in (1.0, 0.5)]
    cohorts = pack(runs, widths=(6, 4), **SHAPE)
    assert sorted(len(cohort) for cohort in cohorts) == [3, 3]
    assert all(len({run.capacity for run in cohort}) == 1 for cohort in cohorts)


def test_narrow_runs_need_less_memory():
    narrow = replace(PAIR, capacity=0.5)
    assert run_bytes(narrow, widths=(6, 4), **SHAPE) == run_bytes(PAIR, widths=(3, 2), **SHAPE)
