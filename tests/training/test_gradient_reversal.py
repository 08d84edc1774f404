"""An adversarial task must teach its own head, and make the shared blocks unlearn what it needs."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from cases import ALL_TASKS, N_OUTPUTS, TASKS, PlainNetwork, seed_rows, shapes, spec, train_plain
from encoder_cases import CASES

from taskgroup.spec import RunSpec, Task
from taskgroup.training import Cohort, Shapes, train_cohort

STRENGTH = {"flag": 0.7, "tags": 2.0}
WITH_ADVERSARIES = tuple(
    Task(name=t.name, kind=t.kind, target=t.target, role="auxiliary", adversarial=STRENGTH[t.name])
    if t.name in STRENGTH
    else t
    for t in TASKS
)
MEMBERS = [
    spec(*ALL_TASKS, depth=2),
    spec(*ALL_TASKS, depth=1),
    spec("class", "flag", depth=1, seed=1),
    spec("flag", "size", depth=2, seed=1, learning_rate=0.03),
    spec("class", "size", depth=1),
    spec("flag", "size", depth=0, seed=1),
]


class Reversed(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: torch.Tensor, strength: float) -> torch.Tensor:
        ctx.strength = strength
        return x.clone()

    @staticmethod
    def backward(ctx: Any, grad: torch.Tensor) -> tuple[torch.Tensor, None]:
        return -ctx.strength * grad, None


class PlainReversal(PlainNetwork):
    """As anybody would write it: a reversal layer between the shared blocks and the task's own."""

    def forward(self, x: torch.Tensor) -> dict[str, torch.Tensor]:
        for block in self.shared:
            x = block(x).relu()
        outputs = {}
        for task, head in self.heads.items():
            h = Reversed.apply(x, STRENGTH[task]) if task in STRENGTH and len(self.shared) else x
            for block in self.private[task]:
                h = block(h).relu()
            outputs[task] = head(h)
        return outputs


def adversarial(of: Shapes) -> Shapes:
    return replace(of, tasks=WITH_ADVERSARIES)


def outputs(cohort: Cohort, run: int, task: str) -> torch.Tensor:
    w, flat = cohort.network.wiring, cohort.outputs("test")
    of_run = np.flatnonzero(w.branch_run == run)
    branch = next(p for p in of_run if ALL_TASKS[w.branch_task[p]] == task)
    start = w.branch_column[branch]
    return flat[w.branch_node[branch], start : start + N_OUTPUTS[task]]


def trained(members: list[RunSpec], of: Shapes, rows: Any) -> Cohort:
    cohort = Cohort(members, {seed: rows(seed, missing=0.2) for seed in (0, 1)}, of)
    for epoch in range(3):
        cohort.train_epoch(epoch)
    return cohort


def test_stacked_layers_reverse_as_a_reversal_layer_does():
    """A gradient reversed in the wrong place would still train, and do something else than was asked for."""
    cohort = trained(MEMBERS, adversarial(shapes()), seed_rows)
    for i, member in enumerate(MEMBERS):
        data = seed_rows(member.seed, missing=0.2)
        start = PlainReversal(member, (6, 4))
        plain = train_plain(member, data, widths=(6, 4), batch_size=8, epochs=3, network=start)
        with torch.no_grad():
            expected = plain(data.scored["test"].x.t())
        for task in member.subset:
            torch.testing.assert_close(outputs(cohort, i, task), expected[task].t(), rtol=1e-7, atol=1e-9)


@pytest.mark.parametrize("name", ["mlp", "cnn"])
def test_modules_reverse_alone_and_in_company(name):
    """Every kind of network must mean the same by `adversarial`, however many train together."""
    case = CASES[name]
    of = adversarial(case.shapes())
    members = sorted(MEMBERS, key=lambda run: run.seed)
    together = trained(members, of, case.rows)
    unaware = trained(members, case.shapes(), case.rows)
    for i, member in enumerate(members):
        alone = trained([member], of, case.rows)
        for task in member.subset:
            torch.testing.assert_close(
                outputs(together, i, task), outputs(alone, 0, task), rtol=1e-8, atol=1e-10
            )
        same = torch.equal(outputs(together, i, member.subset[-1]), outputs(unaware, i, member.subset[-1]))
        assert same == (member.sharing.depth == 0 or not set(STRENGTH) & set(member.subset))


def test_modules_equal_stacked_layers():
    """The two engines must agree on adversaries, or results would depend on how a study is packed."""
    stacked = trained(MEMBERS, adversarial(shapes()), seed_rows)
    ordered = sorted(MEMBERS, key=lambda run: run.seed)
    case = CASES["mlp"]
    modules = trained(ordered, adversarial(replace(shapes(), modules=case.modules())), seed_rows)
    for i, member in enumerate(ordered):
        for task in member.subset:
            torch.testing.assert_close(
                outputs(modules, i, task), outputs(stacked, MEMBERS.index(member), task), rtol=1e-7, atol=1e-9
            )


def test_dropping_runs_keeps_the_adversaries_of_the_others():
    """A run that ends must not leave its neighbours without their reversal."""
    of = adversarial(shapes())
    seeds = {seed: seed_rows(seed) for seed in (0, 1)}
    whole, fewer = Cohort(MEMBERS, seeds, of), Cohort(MEMBERS, seeds, of)
    for epoch in range(4):
        if epoch == 2:
            fewer.drop([0, 2])
        whole.train_epoch(epoch)
        fewer.train_epoch(epoch)
    for i, run in enumerate([1, 3, 4, 5]):
        for task in MEMBERS[run].subset:
            torch.testing.assert_close(
                outputs(fewer, i, task), outputs(whole, run, task), rtol=1e-9, atol=1e-11
            )


def test_auxiliary_tasks_are_neither_scored_nor_stopped_by():
    """An auxiliary's loss in early stopping would choose epochs that are good for nobody who is served."""
    seeds = {0: seed_rows(0, n_rows=16)}
    run = spec("class", "flag", "size", learning_rate=0.05)
    (result,) = train_cohort([run], seeds, adversarial(shapes()), max_epochs=40, patience=3)
    assert result.ok
    assert {score.task for score in result.scores} == {"class", "size"}
    cohort = Cohort([run], seeds, adversarial(shapes()))
    losses = []
    for epoch in range(result.epochs):
        cohort.train_epoch(epoch)
        of_branches = cohort.validation_losses()
        losses.append(float(np.mean(of_branches[[0, 2]])))
        assert cohort.run_means(of_branches) == pytest.approx([losses[-1]])
    assert result.epochs - (int(np.argmin(losses)) + 1) == 3


def test_a_run_ends_with_its_last_main_task():
    """With `task_patience`, a network must not go on training for auxiliaries alone."""
    seeds = {0: seed_rows(0, n_rows=16)}
    run = spec("flag", "size", learning_rate=0.3)
    (result,) = train_cohort([run], seeds, adversarial(shapes()), max_epochs=60, task_patience=2)
    assert result.epochs < 60
