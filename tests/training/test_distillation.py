"""Distillation inside a cohort: what teachers say changes the runs that they teach, and no others."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from cases import FIRST_ROW, N_OUTPUTS, TASKS, seed_rows, shapes, spec
from encoder_cases import CASES
from lesson_cases import N_BLOCKS, made_up, taught, train_plain_student

from taskgroup.models import run_weights
from taskgroup.spec import RunSpec, teachers_of
from taskgroup.training import Cohort, Lessons, SeedData, train_cohort
from taskgroup.training.lessons import activated, mixed_targets

ALL = tuple(N_OUTPUTS)
N_ROWS = 29
MEMBERS = [
    taught(spec(*ALL, depth=1, seed=0), "annealed"),
    spec(*ALL, depth=1, seed=0),
    taught(spec("class", "tags", depth=2, seed=0), 'fixed {"weight": 0.25}'),
    taught(
        spec("size", "weight", depth=0, seed=0), 'annealed {"end": 0.5, "start": 0.9, "unlabelled": true}'
    ),
    taught(spec("flag", "class", depth=1, seed=1, learning_rate=0.03), 'fixed {"unlabelled": true}'),
    spec("size", depth=2, seed=1),
    taught(spec("flag", "size", depth=1, seed=1, weighting="uncertainty"), "annealed"),
]


def rows(missing: float) -> dict[int, SeedData]:
    return {seed: seed_rows(seed, n_rows=N_ROWS, missing=missing) for seed in (0, 1)}


def train(members: list[RunSpec], missing: float, epochs: int = 3) -> Cohort:
    cohort = Cohort(members, rows(missing), shapes(), lessons=made_up(members, N_ROWS))
    for epoch in range(epochs):
        cohort.train_epoch(epoch, of=epochs)
    return cohort


def weights(cohort: Cohort, run: int) -> dict[str, torch.Tensor]:
    return run_weights(cohort.network, run)


def close(one: dict[str, torch.Tensor], other: dict[str, torch.Tensor]) -> None:
    assert one.keys() == other.keys()
    for name in one:
        torch.testing.assert_close(one[name], other[name], rtol=1e-7, atol=1e-9)


def test_a_cohort_of_taught_and_other_runs_equals_its_runs_alone():
    """Gains of distillation would be those of company."""
    for missing in (0.0, 0.4):
        together = train(MEMBERS, missing)
        for i, member in enumerate(MEMBERS):
            close(weights(together, i), weights(train([member], missing), 0))


@pytest.mark.parametrize("missing", [0.0, 0.4])
@pytest.mark.parametrize("member", [m for m in MEMBERS if m.distillation and m.weighting == "equal"])
def test_mixed_targets_train_on_the_mixed_loss(member, missing):
    """The oracle: both losses by torch, weighted and annealed, for every kind of task."""
    lessons, data = made_up([member], N_ROWS), rows(missing)[member.seed]
    plain = train_plain_student(member, data, lessons, widths=(6, 4), batch_size=8, epochs=3)
    cohort = train([member], missing)
    found = weights(cohort, 0)
    for place, task in enumerate(member.subset):
        torch.testing.assert_close(
            found[f"heads.{place}.weight"], plain.heads[task].weight.detach(), rtol=1e-7, atol=1e-9
        )
    for level in range(member.sharing.depth):
        torch.testing.assert_close(
            found[f"nodes.{level}.0.linear.weight"], plain.shared[level].weight.detach(), rtol=1e-7, atol=1e-9
        )


@pytest.mark.parametrize("text", ['fixed {"weight": 1.0}', 'annealed {"start": 1.0, "unlabelled": true}'])
@pytest.mark.parametrize("missing", [0.0, 0.4])
def test_labels_alone_are_no_distillation(text, missing):
    """A teacher that counts for nothing must change nothing, to the last bit."""
    run = spec(*ALL, depth=1)
    for early in (None, 2):
        results = [
            train_cohort(
                [member],
                rows(missing),
                shapes(),
                max_epochs=4,
                patience=early,
                lessons=made_up([member], N_ROWS),
            )
            for member in (run, taught(run, text))
        ]
        assert results[0][0].scores == results[1][0].scores


def test_golden_targets():
    """Half of label 1 and half of what the teacher says."""
    said = activated(torch.tensor([[0.0, np.log(3.0)]]), "binary")
    mixed = mixed_targets(torch.tensor([[1.0, 0.0]]), said.float(), 0.5)
    assert mixed[0].tolist() == pytest.approx([0.75, 0.375])
    classes = activated(torch.tensor([[np.log(2.0)], [0.0], [0.0]]), "multiclass")
    assert classes[:, 0].tolist() == pytest.approx([0.5, 0.25, 0.25])


def test_scores_and_early_stopping_look_at_labels():
    """Validation against what a teacher says would choose the student that copies best."""
    run = taught(spec("class", "size"), 'fixed {"unlabelled": true, "weight": 0.0}')
    data = rows(0.4)
    cohort = Cohort([run], data, shapes(), lessons=made_up([run], N_ROWS))
    plain = Cohort([replace(run, distillation="")], data, shapes())
    assert cohort.validation_losses().tolist() == plain.validation_losses().tolist()
    assert cohort.scores() == plain.scores()


def test_dropping_runs_leaves_the_taught_ones_as_they_were():
    """A neighbour that stops early must not take its teachers' lessons from the others."""
    whole, fewer = train(MEMBERS, 0.4, epochs=1), train(MEMBERS, 0.4, epochs=1)
    fewer.drop([0, 2, 5])
    for cohort in (whole, fewer):
        cohort.train_epoch(1, of=3)
    for before, after in ((1, 0), (3, 1), (4, 2), (6, 3)):
        close(weights(whole, before), weights(fewer, after))


def test_a_perfect_teacher_replaces_missing_labels():
    """Without a label the student must still learn its task, or `unlabelled` would be a word."""
    run = taught(spec("size", seed=0), 'fixed {"unlabelled": true, "weight": 0.5}')
    data = seed_rows(0, n_rows=200)
    truth = data.train.x[:1]
    few = torch.zeros_like(data.train.labelled)
    few[:, :1] = 1.0
    data = replace(data, train=replace(data.train, labelled=few, complete=False))
    (teacher,) = teachers_of(run, n_blocks=N_BLOCKS).values()
    lessons = Lessons(N_BLOCKS, {teacher: truth})
    (alone,) = train_cohort([replace(run, distillation="")], {0: data}, shapes(), max_epochs=40)
    (student,) = train_cohort([run], {0: data}, shapes(), max_epochs=40, lessons=lessons)
    assert student.scores[1].value > 0.3  # of R²; half of the variance is noise
    assert student.scores[1].value > alone.scores[1].value + 0.2


@pytest.mark.parametrize("name", CASES)
def test_every_encoder_can_be_taught(name):
    """What encoders compute and what targets are must stay apart."""
    case = CASES[name]
    data = {seed: case.rows(seed, missing=0.2) for seed in (0, 1)}
    together = train_cohort(MEMBERS, data, case.shapes(), max_epochs=2, lessons=made_up(MEMBERS, N_ROWS))
    for member, result in zip(MEMBERS, together, strict=True):
        alone = train_cohort([member], data, case.shapes(), max_epochs=2, lessons=made_up([member], N_ROWS))[
            0
        ]
        expected = [score.value for score in alone.scores]
        assert [s.value for s in result.scores] == pytest.approx(expected, rel=1e-7, abs=1e-9, nan_ok=True)


def test_the_cases_cover_every_kind():
    """A kind of task without an oracle could be mixed wrongly."""
    covered = {task for m in MEMBERS if m.distillation for task in m.subset}
    assert covered == {task.name for task in TASKS} == FIRST_ROW.keys()
