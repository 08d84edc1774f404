"""Tasks that stop before their run: their losses count no more, in company as alone."""

from __future__ import annotations

import pytest
import torch
from cases import ALL_TASKS, seed_rows, shapes, spec

from taskgroup.training.cohort import Cohort
from taskgroup.training.loop import train_cohort

MEMBERS = [
    spec("class", "size", learning_rate=0.05, seed=0),
    spec("flag", "size", "weight", weighting="uncertainty", learning_rate=0.05, seed=0),
    spec("size", depth=0, learning_rate=0.02, seed=1),
    spec("tags", "weight", depth=1, learning_rate=0.02, seed=1),
]
SEEDS = {seed: seed_rows(seed, n_rows=16, missing=0.1) for seed in (0, 1)}


@pytest.mark.parametrize("patience", [None, 4])
def test_a_cohort_equals_single_runs(patience):
    """Which tasks of the neighbours stop must not matter."""
    settings = {"max_epochs": 25, "patience": patience, "task_patience": 2}
    together = train_cohort(MEMBERS, SEEDS, shapes(), **settings)
    for member, result in zip(MEMBERS, together, strict=True):
        (alone,) = train_cohort([member], SEEDS, shapes(), **settings)
        assert result.epochs == alone.epochs
        found, expected = ([s.value for s in r.scores] for r in (result, alone))
        assert found == pytest.approx(expected, rel=1e-9)


def test_a_run_ends_when_no_task_is_left():
    """Epochs in which nothing is learned are a waste."""
    for result in train_cohort(MEMBERS, SEEDS, shapes(), max_epochs=400, task_patience=2):
        assert result.ok
        assert result.epochs < 400


def test_without_it_all_tasks_train_to_the_end():
    for result in train_cohort(MEMBERS, SEEDS, shapes(), max_epochs=7):
        assert result.epochs == 7


@pytest.mark.parametrize("weighting", ["equal", "uncertainty"])
def test_a_stopped_task_moves_what_is_shared_no_more(weighting):
    """Else its overfitting would go on hurting the others."""
    run = spec("size", "weight", weighting=weighting, seed=0)
    stopped, other = (Cohort([run], {0: seed_rows(0, n_rows=16)}, shapes()) for _ in range(2))
    ruined = seed_rows(0, n_rows=16)
    ruined.train.y[7] += 100.0  # the targets of `weight`
    ruined_too = Cohort([run], {0: ruined}, shapes())
    for cohort in (stopped, ruined_too):
        cohort.stop_tasks([1])
    for cohort in (stopped, ruined_too, other):
        cohort.train_epoch(0)
    first = [cohort.network.blocks[0].weight for cohort in (stopped, ruined_too, other)]
    torch.testing.assert_close(first[0], first[1], rtol=1e-12, atol=1e-12)
    assert not torch.allclose(first[0], first[2])


def test_who_has_stopped_is_remembered_when_others_leave():
    cohort = Cohort(MEMBERS, SEEDS, shapes())
    branches = cohort.branches
    gone = branches.index((MEMBERS[3], ALL_TASKS.index("weight")))
    cohort.stop_tasks([gone])
    cohort.drop([0])
    weights = cohort._weights.update(None if not cohort._weights.need_losses else torch.ones(6).double())
    still = cohort.branches.index((MEMBERS[3], ALL_TASKS.index("weight")))
    assert weights[still] == 0.0
    assert (weights > 0).sum() == len(weights) - 1
