"""Sampling by validation: rows go to the tasks that lag, and to nobody else's account."""

from __future__ import annotations

import itertools
import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from cases import N_INPUTS, N_OUTPUTS, TASKS, spec
from own_rows_cases import dataset_of, seeds_of, study

from taskgroup.spec import RunSpec, Sharing
from taskgroup.training import Cohort, Shapes, Trainer, train_cohort
from taskgroup.training.sampling import ByValidation, EpochKeys, Proportional, Sampling, StreamDraws
from taskgroup.training.single_task_losses import SingleTaskLosses
from taskgroup.training.validation_history import ValidationHistory

MEMBERS = [
    spec("flag", "size", learning_rate=0.01),
    spec("flag", "size", learning_rate=0.05),
    spec("flag", "size", depth=1, learning_rate=0.05, weighting="uncertainty"),
    spec("flag", learning_rate=0.01),
    spec("flag", learning_rate=0.02),
    spec("flag", "size", learning_rate=0.05, seed=1),
    spec("class", "flag", "size", "tags", "weight", learning_rate=0.05),
]
STUDY = study()
SEEDS = seeds_of(STUDY, dataset_of(STUDY))
STRONG = ByValidation(strength=4.0, references={"size": 0.2})


def shapes(sampling: Sampling = STRONG) -> Shapes:
    return Shapes(TASKS, N_OUTPUTS, N_INPUTS, (6, 4), 8, torch.float64, sampling=sampling)


def draws(losses: list[list[float]] | None, *, sizes: tuple[int, ...] = (60, 30, 10)) -> StreamDraws:
    starts = np.cumsum([0, *sizes])
    rows = [np.arange(a, b) for a, b in itertools.pairwise(starts)]
    known = None if losses is None else np.array(losses, dtype=float).reshape(-1, len(sizes))
    return StreamDraws(EpochKeys(0, 0, sum(sizes)), rows, "abc"[: len(sizes)], known)


def probabilities(sampling: ByValidation, losses: list[list[float]] | None) -> list[float]:
    weights = sampling.weights(draws(losses))
    return (weights / weights.sum()).tolist()


def test_golden_probabilities():
    """By hand: c is at 0.8 after a best of 0.2, so it counts 1.05 / (0.25 + 0.05) = 3.5 times."""
    losses = [[0.9, 0.6, 0.2], [0.5, 0.5, 0.8]]
    assert probabilities(ByValidation(), losses) == pytest.approx(np.array([60, 30, 35]) / 125)
    assert probabilities(ByValidation(strength=2.0), losses) == pytest.approx(
        np.array([60, 30, 10 * 1.05 / (0.0625 + 0.05)]) / (90 + 10.5 / 0.1125)
    )
    by_root = np.sqrt([60, 30, 10]) * [1, 1, 3.5]
    assert probabilities(ByValidation(temperature=2.0), losses) == pytest.approx(by_root / by_root.sum())
    with_reference = ByValidation(references={"a": 0.25})
    assert probabilities(with_reference, losses)[0] == pytest.approx(
        60 * 1.05 / 0.55 / (60 * 1.05 / 0.55 + 65)
    )


@pytest.mark.parametrize("losses", [None, [], [[0.3, 0.2, 0.1]], [[0.3, 0.2, 0.1], [0.2, 0.1, 0.0]]])
def test_tasks_at_their_best_are_sampled_by_size(losses):
    assert probabilities(ByValidation(), losses) == pytest.approx([0.6, 0.3, 0.1])


def test_odd_losses_are_bounded():
    """A loss of zero, an infinite one or a task that has stopped must not break the epoch."""
    losses = [[0.0, 0.3, 0.4], [0.1, math.inf, math.nan]]
    assert ByValidation().weights(draws(losses)) == pytest.approx([60 / 0.05, 30 / 0.05, 10 / 1.05])


def test_rounding_of_losses_changes_no_row():
    """The same run in other company has losses that differ in the last digits."""
    first, second = (
        STRONG.order(draws([[0.5, 0.3, 0.2], [0.5, 0.41 * scale, 0.3]]), batch_size=8, progress=0.0)
        for scale in (1.0, 1.0 + 1e-6)
    )
    assert first.tolist() == second.tolist()


@pytest.mark.parametrize("patience", [{}, {"patience": 2}, {"task_patience": 2}])
def test_a_cohort_equals_single_runs(patience):
    """Runs of one subset and seed with other settings do not share what they are shown."""
    members = MEMBERS[:3]
    together = train_cohort(members, SEEDS, shapes(), max_epochs=12, **patience)
    for member, result in zip(members, together, strict=True):
        (alone,) = train_cohort([member], SEEDS, shapes(), max_epochs=12, **patience)
        assert result.epochs == alone.epochs
        found, expected = ([s.value for s in r.scores] for r in (result, alone))
        assert found == pytest.approx(expected, rel=1e-9)


def test_losses_decide_what_is_drawn():
    """Else the test above would pass for proportional sampling as well."""
    (by_validation,), (proportional,) = (
        train_cohort(MEMBERS[1:2], SEEDS, shapes(sampling), max_epochs=6)
        for sampling in (STRONG, Proportional())
    )
    assert by_validation.scores != proportional.scores


def test_runs_of_a_single_task_share_their_rows():
    """Nothing can lag there: one stream serves all settings, and no validation pass is made."""
    cohort = Cohort(MEMBERS[:5], SEEDS, shapes())
    assert cohort.network.stream.tolist() == [0, 1, 2, 3, 3]
    assert not Cohort(MEMBERS[3:5], SEEDS, shapes()).needs_validation


def test_dropping_runs_leaves_the_others_as_they_were():
    """What is known of a run must outlive the neighbours that leave."""
    whole, fewer = (Cohort(MEMBERS[:3], SEEDS, shapes()) for _ in range(2))
    for epoch in range(6):
        if epoch == 3:
            fewer.drop([0])
        for cohort in (whole, fewer):
            cohort.train_epoch(epoch, of=6)
            cohort.follow(cohort.validation_losses())
    for found, expected in zip(fewer.scores(), whole.scores()[1:], strict=True):
        assert [s.value for s in found] == pytest.approx([s.value for s in expected], rel=1e-9)


def test_a_list_of_runs_gives_what_they_give_one_by_one():
    """Packing, early stopping and repeated trainings change no score."""
    described = study(
        patience=3, epochs=12, sampling={"by": "validation", "strength": 4, "references": {"size": 0.2}}
    )
    trainer = Trainer(described, dataset_of(described))
    together = {r.spec: r for cohort in trainer.pack(MEMBERS) for r in trainer.train(cohort)}
    for run in MEMBERS:
        (alone,) = trainer.train([run])
        values = [score.value for score in alone.scores]
        assert [score.value for score in together[run].scores] == pytest.approx(values, rel=1e-7)


def test_single_tasks_are_references():
    """The published rule: a task is compared with what it reaches alone, in any company the same."""
    described = study(
        patience=3, epochs=12, sampling={"by": "validation", "strength": 4, "references": "single_task"}
    )
    dataset = dataset_of(described)
    trainer, other = Trainer(described, dataset), Trainer(described, dataset)
    together = {r.spec: r for cohort in trainer.pack(MEMBERS) for r in trainer.train(cohort)}
    for run in MEMBERS:
        (alone,) = other.train([run])
        values = [score.value for score in alone.scores]
        assert [score.value for score in together[run].scores] == pytest.approx(values, rel=1e-7)

    run = MEMBERS[1]
    history = ValidationHistory()
    single = replace(run, subset=("size",), sharing=Sharing())
    train_cohort([single], trainer._seeds, trainer._shapes, max_epochs=12, patience=3, history=history)
    assert trainer._alone.of([run])[run]["size"] == pytest.approx(history.of(single, [2]).min(), rel=1e-9)


def test_single_tasks_are_trained_once():
    """They are asked for by every run of the same settings."""
    asked: list[RunSpec] = []
    losses = SingleTaskLosses(lambda runs: asked.extend(runs) or dict.fromkeys(runs, 0.5))
    assert losses.of(MEMBERS[:2])[MEMBERS[0]] == {"flag": 0.5, "size": 0.5}
    losses.of([MEMBERS[2], MEMBERS[1]])
    assert len(asked) == len(set(asked)) == 4


def test_a_lagging_task_is_drawn_more():
    """Planted: `class` is noise, so that it soon gets worse, and `weight` goes on getting better."""
    run = spec("class", "weight", learning_rate=0.02)
    cohort = Cohort([run], SEEDS, shapes(ByValidation(strength=2.0)))
    for epoch in range(60):
        cohort.train_epoch(epoch, of=60)
        cohort.follow(cohort.validation_losses())
    tasks = [0, 4]
    losses = cohort._history.of(run, tasks)
    rows = [SEEDS[0].train.rows[task] for task in tasks]
    known = StreamDraws(EpochKeys(0, 60, SEEDS[0].train.n_rows), rows, run.subset, losses)
    order = ByValidation(strength=2.0).order(known, batch_size=8, progress=1.0)
    drawn = np.isin(order, rows[0]).sum()
    assert losses[-1, 0] > 1.1 * losses[:, 0].min()
    assert drawn > len(rows[0])
