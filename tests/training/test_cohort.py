"""A cohort must train exactly what its runs would train alone: every other number rests on this."""

from __future__ import annotations

import pytest
import torch
from cases import FIRST_ROW, N_OUTPUTS, TASKS, seed_rows, shapes, spec, train_plain

from taskgroup.spec import RunSpec
from taskgroup.training import Cohort, train_cohort

ALL = tuple(N_OUTPUTS)
MEMBERS = [
    spec("class", "flag", depth=2, seed=0),
    spec("flag", depth=2, seed=0, learning_rate=0.003),
    spec(*ALL, depth=1, seed=0, weighting="uncertainty"),
    spec("size", "weight", depth=0, seed=0, weight_decay=0.1),
    spec(*ALL, depth=2, seed=1, weighting="inverse_size"),
    spec("class", "tags", depth=1, seed=1, weighting="uncertainty", weight_decay=0.0),
    spec("tags", "weight", depth=2, seed=1, learning_rate=0.03),
]


def train(members: list[RunSpec], missing: float, epochs: int = 3) -> Cohort:
    seeds = {s: seed_rows(s, missing=missing) for s in (0, 1)}
    cohort = Cohort(members, seeds, shapes())
    for epoch in range(epochs):
        cohort.train_epoch(epoch)
    return cohort


def outputs(cohort: Cohort, run: int, task: str) -> torch.Tensor:
    """One run's outputs for one task on the test rows, [K, rows]."""
    w, flat = cohort.network.wiring, cohort.outputs("test")
    position = ALL.index(task)
    (branch,) = [p for p in range(w.n_branches) if (w.branch_run[p], w.branch_task[p]) == (run, position)]
    start = w.branch_column[branch]
    return flat[w.branch_node[branch], start : start + N_OUTPUTS[task]]


@pytest.mark.parametrize("missing", [0.0, 0.4])
def test_cohort_equals_single_runs_and_plain_modules(missing):
    """Mixed subsets, depths, weightings, settings and seeds in one cohort change nothing for any run."""
    cohort = train(MEMBERS, missing)
    for i, member in enumerate(MEMBERS):
        single = train([member], missing)
        data = seed_rows(member.seed, missing=missing)
        plain = train_plain(member, data, widths=(6, 4), batch_size=8, epochs=3)
        with torch.no_grad():
            expected = plain(data.scored["test"].x.t())
        for task in member.subset:
            torch.testing.assert_close(
                outputs(cohort, i, task), outputs(single, 0, task), rtol=1e-9, atol=1e-11
            )
            torch.testing.assert_close(outputs(cohort, i, task), expected[task].t(), rtol=1e-7, atol=1e-9)


def test_nothing_shared_equals_single_tasks():
    """At depth 0 a joint network is its tasks' own networks, so its gain is exactly zero."""
    joint = train([spec(*ALL, depth=0)], missing=0.0)
    for task in ALL:
        single = train([spec(task, depth=2)], missing=0.0)
        torch.testing.assert_close(outputs(joint, 0, task), outputs(single, 0, task), rtol=1e-9, atol=1e-11)


def test_dropping_runs_leaves_the_others_as_they_were():
    """A run that is stopped or has failed must not change its neighbours' results."""
    seeds = {s: seed_rows(s, missing=0.2) for s in (0, 1)}
    whole, fewer = Cohort(MEMBERS, seeds, shapes()), Cohort(MEMBERS, seeds, shapes())
    for epoch in range(4):
        if epoch == 2:
            fewer.drop([0, 2, 4])
        whole.train_epoch(epoch)
        fewer.train_epoch(epoch)
    for i, run in enumerate([1, 3, 5, 6]):
        assert fewer.members[i] == MEMBERS[run]
        for task in MEMBERS[run].subset:
            torch.testing.assert_close(
                outputs(fewer, i, task), outputs(whole, run, task), rtol=1e-9, atol=1e-11
            )


def test_diverging_run_fails_with_its_reason_and_harms_nobody():
    """One bad learning rate must not cost the cohort's other results."""
    seeds = {0: seed_rows(0)}
    bad, good = spec("size", learning_rate=1e200, seed=0), spec("size", "weight", seed=0)
    together = train_cohort([bad, good], seeds, shapes(), max_epochs=4)
    alone = train_cohort([good], seeds, shapes(), max_epochs=4)
    assert together[0].status == "failed"
    assert "learning rate 1e+200" in str(together[0].reason)
    assert [s.value for s in together[1].scores] == pytest.approx([s.value for s in alone[0].scores])


def test_early_stopping_reports_the_best_epoch():
    """Patience must never return worse validation scores than the best epoch's."""
    seeds = {0: seed_rows(0, n_rows=16)}
    members = [spec("size", learning_rate=0.05, seed=0), spec("class", learning_rate=0.05, seed=0)]
    stopped = train_cohort(members, seeds, shapes(), max_epochs=60, patience=3)
    for member, result in zip(members, stopped, strict=True):
        assert result.ok
        assert result.epochs < 60
        cohort = Cohort([member], seeds, shapes())
        losses, scores = [], []
        for epoch in range(result.epochs):
            cohort.train_epoch(epoch)
            losses.append(cohort.run_means(cohort.validation_losses())[0])
            scores.append(cohort.scores()[0])
        best = losses.index(min(losses))
        assert result.epochs - (best + 1) == 3
        assert [s.value for s in result.scores] == pytest.approx([s.value for s in scores[best]])


def test_gradient_of_the_loss_matches_autograd():
    """The closed-form gradients are the derivatives of the reported losses."""
    seeds = {0: seed_rows(0, missing=0.3)}
    cohort = Cohort([spec(*ALL, depth=1), spec("class", "size")], seeds, shapes())
    rows = cohort._feed.epoch(0, progress=0.0)
    x, y, labelled = rows.batch(0, rows.n_rows)
    targets, mask = cohort._loss.targets_of_rows(y), cohort._loss.label_mask(labelled)
    z = cohort.network.forward(x).clone().requires_grad_()
    weights = torch.linspace(0.5, 2.0, cohort.network.wiring.n_branches, dtype=torch.float64)
    (weights * cohort._loss.losses(z, targets, mask)).sum().backward()
    torch.testing.assert_close(cohort._loss.gradient(z.detach(), targets, mask, weights), z.grad)


def test_cases_are_consistent():
    assert [FIRST_ROW[t.name] for t in TASKS] == shapes().first_row
