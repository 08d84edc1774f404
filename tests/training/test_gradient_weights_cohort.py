"""Runs that weigh their tasks' gradients: a cohort must train what anybody would write with autograd."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Any

import pytest
import torch
from cases import FIRST_ROW, N_OUTPUTS, TASKS, PlainNetwork, plain_loss, seed_rows, shapes, spec
from encoder_cases import CASES
from own_rows_cases import dataset_of, seeds_of, study
from torch import Tensor

from taskgroup.models import StackedCnn, StackedMLP
from taskgroup.spec import WEIGHTING_FACTS, RunResult, RunSpec
from taskgroup.training import Cohort, SeedData, train_cohort
from taskgroup.weighting import GRADIENT_WEIGHTINGS, Gradients, Runs, make_gradient_weighting

ALL = tuple(N_OUTPUTS)
SEEDS = {seed: seed_rows(seed, missing=0.3) for seed in (0, 1)}
BATCHED = [
    name for name, facts in WEIGHTING_FACTS.items() if name in GRADIENT_WEIGHTINGS and not facts.packages
]


def members(text: str) -> list[RunSpec]:
    """Of unlike depth, size, seed and settings."""
    return [
        spec("class", "flag", seed=0, weighting=text),
        spec(*ALL, depth=1, seed=0, weighting=text, learning_rate=0.02),
        spec("size", "weight", depth=0, seed=0, weighting=text),
        spec("size", seed=0, weighting=text),
        spec(*ALL, seed=1, weighting=text, weight_decay=0.1),
    ]


@pytest.fixture(params=GRADIENT_WEIGHTINGS)
def text(request: pytest.FixtureRequest) -> str:
    if not all(find_spec(package) for package in WEIGHTING_FACTS[request.param].packages):
        pytest.skip("needs taskgroup[gradients]")
    return request.param


def values(result: RunResult) -> list[float]:
    assert result.ok, result.reason
    return [score.value for score in result.scores]


def close(one: RunResult, other: RunResult, rel: float = 1e-7) -> bool:
    assert one.epochs == other.epochs
    return values(one) == pytest.approx(values(other), rel=rel, abs=1e-9, nan_ok=True)


def test_a_cohort_equals_its_runs_alone(text):
    """What a run reaches must not depend on its company, nor on who of it stops when."""
    how: dict[str, Any] = {"max_epochs": 4, "patience": 2, "task_patience": 1}
    runs = members(text)[:: 2 if WEIGHTING_FACTS[text].packages else 1]
    for member, together in zip(runs, train_cohort(runs, SEEDS, shapes(), **how), strict=True):
        (alone,) = train_cohort([member], SEEDS, shapes(), **how)
        assert close(together, alone, rel=1e-5 if WEIGHTING_FACTS[text].packages else 1e-7)


@pytest.mark.parametrize("weighting", ["dwa", "random", 'static {"weights": {"size": 3.0}}'])
def test_so_does_a_cohort_of_loss_weightings(weighting):
    runs = [*members(weighting), *members("equal"), *members("pcgrad")]
    how: dict[str, Any] = {"max_epochs": 6, "patience": 2, "task_patience": 2}
    for member, together in zip(runs, train_cohort(runs, SEEDS, shapes(), **how), strict=True):
        (alone,) = train_cohort([member], SEEDS, shapes(), **how)
        assert close(together, alone)


def test_dropping_runs_leaves_the_others_as_they_were():
    """GradNorm and DWA remember, PCGrad and random draw: all must go on where they were."""
    runs = [run for text in ("gradnorm", "pcgrad", "dwa", "random") for run in members(text)]
    runs.sort(key=lambda run: run.seed)
    whole, fewer = (Cohort(runs, SEEDS, shapes()) for _ in range(2))
    gone = [place for place, run in enumerate(runs) if len(run.subset) == len(ALL) and run.seed == 0]
    for epoch in range(5):
        if epoch == 3:
            fewer.drop([0, *gone])
        for cohort in (whole, fewer):
            cohort.train_epoch(epoch)
    scores = dict(zip(whole.members, whole.scores(), strict=True))
    for member, found in zip(fewer.members, fewer.scores(), strict=True):
        expected = [score.value for score in scores[member]]
        assert [s.value for s in found] == pytest.approx(expected, rel=1e-7, abs=1e-9, nan_ok=True)


@pytest.mark.parametrize("depth", [1, 2])
@pytest.mark.parametrize("missing", [0.0, 0.4])
def test_a_run_equals_a_loop_written_with_autograd(text, depth, missing):
    """The oracle: torch's own gradients of each task, combined on the shared blocks, torch's own AdamW."""
    run, data = spec("class", "size", "tags", depth=depth, weighting=text), seed_rows(0, missing=missing)
    cohort, plain = Cohort([run], {0: data}, shapes()), PlainNetwork(run, (6, 4))
    method = make_gradient_weighting(text)
    method.start(Runs((0,), (run.subset,)))
    optimizer = torch.optim.AdamW(plain.parameters(), lr=run.learning_rate, weight_decay=run.weight_decay)
    number = 0
    for epoch in range(2):
        cohort.train_epoch(epoch)
        rows = data.epoch(epoch)
        for start in range(0, rows.n_rows, 8):
            losses, present = plain_losses(plain, run, data, epoch, slice(start, start + 8))
            combine(plain, losses, present, method, number)
            optimizer.step()
            number += 1
    with torch.no_grad():
        expected = plain(data.scored["test"].x.t())
    flat = cohort.outputs("test").flatten(0, 1)
    wiring = cohort.network.wiring
    for branch, task in enumerate(run.subset):
        first = int(wiring.branch_node[branch]) * wiring.n_columns + int(wiring.branch_column[branch])
        found = flat[first : first + N_OUTPUTS[task]]
        tolerance = 1e-4 if WEIGHTING_FACTS[text].packages else 1e-7
        torch.testing.assert_close(found, expected[task].t(), rtol=tolerance, atol=tolerance)


def plain_losses(
    plain: PlainNetwork, run: RunSpec, data: SeedData, epoch: int, batch: slice
) -> tuple[list[Tensor], list[bool]]:
    rows = data.epoch(epoch)
    outputs, losses, present = plain(rows.x[:, batch].t()), [], []
    for position, task in enumerate(TASKS):
        if task.name in run.subset:
            own = slice(FIRST_ROW[task.name], FIRST_ROW[task.name] + N_OUTPUTS[task.name])
            labelled = rows.labelled[position, batch].bool()
            losses.append(plain_loss(task, outputs[task.name], rows.y[own, batch].t(), labelled))
            present.append(bool(labelled.any()))
    return losses, present


def combine(plain: PlainNetwork, losses: list[Tensor], present: list[bool], method: Any, number: int) -> None:
    """Fill all gradients: private ones plainly, shared ones by the method."""
    shared = list(plain.shared.parameters())
    by_task = [torch.autograd.grad(loss, shared, retain_graph=True) for loss in losses]
    flat = torch.stack([torch.cat([g.flatten() for g in grads]) for grads in by_task])
    last = torch.stack([grads[-2].flatten() for grads in by_task])  # the last weight stands before its bias
    weights = method.weights(
        Gradients(
            (flat @ flat.t()).unsqueeze(0),
            torch.tensor([present]),
            norms=last.norm(dim=1).unsqueeze(0),
            losses=torch.stack(losses).detach().unsqueeze(0),
            number=number,
        )
    )[0]
    plain.zero_grad()
    torch.stack(losses).sum().backward()
    for place, parameter in enumerate(shared):
        parameter.grad = sum(w * grads[place] for w, grads in zip(weights, by_task, strict=True))


@pytest.mark.parametrize("name", CASES)
def test_every_encoder_weighs_gradients(name):
    """Modules by autograd, one by one or stacked: the same results alone as in company."""
    case = CASES[name]
    data = {seed: case.rows(seed, missing=0.2) for seed in (0, 1)}
    runs = [*members("pcgrad")[:2], members("mgda")[0]]
    together = train_cohort(runs, data, case.shapes(), max_epochs=1)
    for member, expected in zip(runs, together, strict=True):
        (alone,) = train_cohort([member], data, case.shapes(), max_epochs=1)
        assert close(expected, alone)
    if name == "cnn":
        assert isinstance(Cohort(runs, data, case.shapes()).network, StackedCnn)


def test_modules_equal_stacked_layers():
    """The two ways of training must be one, or a gain would depend on the encoder's name."""
    for member in members("aligned_mtl"):
        (stacked,) = train_cohort([member], SEEDS, shapes(), max_epochs=3)
        (modules,) = train_cohort([member], SEEDS, CASES["mlp"].shapes(), max_epochs=3)
        assert close(stacked, modules)


@pytest.mark.parametrize("name", BATCHED)
def test_tasks_with_rows_of_their_own(name):
    """Most batches there lack labels of some task."""
    described = study()
    seeds = seeds_of(described, dataset_of(described))
    for member in (spec("flag", "size", depth=1, weighting=name), spec(*ALL, weighting=name)):
        (result,) = train_cohort([member], seeds, shapes(), max_epochs=3)
        assert result.ok


@pytest.mark.parametrize("name", BATCHED)
def test_nothing_shared_is_equal_weighting(name):
    """Single tasks, and depth 0: the name of a weighting must not change a baseline."""
    for subset, depth in ((("size",), 2), (("class", "size"), 0)):
        results = [
            train_cohort([spec(*subset, depth=depth, weighting=w)], SEEDS, shapes(), max_epochs=2)[0]
            for w in (name, "equal")
        ]
        assert close(*results)


def test_a_diverging_run_harms_nobody():
    """Its gradients are no numbers, with which solvers fail as a whole."""
    for name in BATCHED:
        bad = spec("size", "class", learning_rate=1e200, weighting=name)
        good = spec("size", "weight", weighting=name)
        together = train_cohort([bad, good], SEEDS, shapes(), max_epochs=3)
        (alone,) = train_cohort([good], SEEDS, shapes(), max_epochs=3)
        assert together[0].status == "failed"
        assert close(together[1], alone)


def test_the_weighting_changes_the_training():
    """All would pass the tests above if none of them did anything."""
    found = {}
    for text in ("equal", "dwa", "random", *BATCHED):
        (result,) = train_cohort([spec(*ALL, weighting=text)], SEEDS, shapes(), max_epochs=4)
        found[text] = tuple(values(result))
    assert len(set(found.values())) == len(found)


def test_shared_blocks_are_those_that_several_tasks_go_through():
    network = Cohort(members("pcgrad"), SEEDS, shapes()).network
    assert isinstance(network, StackedMLP)
    shared = {t.name: t.shared.tolist() for t in network.trained if t.shared is not None}
    assert shared["weight 0"] == [True, True, False, False, False, True]
    assert shared["bias 1"] == [True, *[False] * 5, False, False, False, True]
    assert not any(shared["weight 2"])
