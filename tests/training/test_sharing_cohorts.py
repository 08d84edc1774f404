"""Every kind of sharing trains by the rules that all networks train by, or gains would mean two things."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from cases import N_OUTPUTS, seed_rows, shapes, spec
from encoder_cases import CASES, EncoderCase

from taskgroup.models import SHARINGS
from taskgroup.spec import ModelSpec, RunResult, RunSpec, Sharing
from taskgroup.training import Cohort, train_cohort

KINDS = [
    *SHARINGS,
    'soft {"strength": 30.0}',
    'trace_norm {"strength": 2.0}',
    'sluice {"orthogonality": 1.0, "subspaces": 3}',
    'cgc {"own": 2, "shared": 1}',
    'ple {"own": 2, "shared": 1}',
    'ple {"own": 0}',
    'decision {"head": "shared"}',
]
IMAGES_AND_TEXTS = ("cnn", "bag", "lstm")


def members(kind: str, depth: int = 2) -> list[RunSpec]:
    """Runs of one way of sharing that differ in all else."""
    runs = [
        spec("class", "size", "weight", seed=0),
        spec("flag", "size", "weight", seed=0, weighting="uncertainty"),
        spec("class", "flag", "tags", seed=0, learning_rate=0.003),
        spec("size", "tags", "weight", seed=1, weight_decay=0.1),
    ]
    return [replace(run, sharing=Sharing(kind, depth)) for run in runs]


def values(results: list[RunResult]) -> list[list[float]]:
    assert [result.reason for result in results] == [None] * len(results)
    return [[score.value for score in result.scores] for result in results]


def close(one: list[list[float]], other: list[list[float]], rel: float = 1e-7) -> bool:
    return one == [pytest.approx(expected, rel=rel, abs=1e-9, nan_ok=True) for expected in other]


@pytest.mark.parametrize("depth", [1, 2])
@pytest.mark.parametrize("kind", KINDS)
def test_a_cohort_equals_its_runs_alone_and_as_modules(kind, depth):
    """What a run reaches must depend neither on its company nor on how it is computed."""
    data = {seed: seed_rows(seed, missing=0.3) for seed in (0, 1)}
    runs = members(kind, depth)
    together = values(train_cohort(runs, data, shapes(), max_epochs=3))
    for run, expected in zip(runs, together, strict=True):
        assert close(values(train_cohort([run], data, shapes(), max_epochs=3)), [expected])
    as_modules = train_cohort(runs, data, CASES["mlp"].shapes(), max_epochs=3)
    assert close(values(as_modules), together)


@pytest.mark.parametrize("kind", KINDS)
def test_leaving_early_changes_nothing_for_those_who_stay(kind):
    """Runs stop at different epochs, and the best epoch's weights are kept: neither may mix runs up."""
    data = {seed: seed_rows(seed, missing=0.2) for seed in (0, 1)}
    runs = [
        replace(run, learning_rate=rate)
        for run, rate in zip(members(kind), (0.1, 1e200, 0.003, 0.03), strict=True)
    ]
    together = train_cohort(runs, data, shapes(), max_epochs=12, patience=2)
    assert together[1].status == "failed"
    stayed = [runs[0], runs[2], runs[3]]
    alone = [train_cohort([run], data, shapes(), max_epochs=12, patience=2)[0] for run in stayed]
    assert close(values([together[0], *together[2:]]), values(alone))
    assert len({result.epochs for result in together}) > 2


@pytest.mark.parametrize("kind", KINDS)
def test_the_order_of_tasks_does_not_matter(kind):
    """Else the task list would decide which tasks go together."""
    data = {0: seed_rows(0, missing=0.2)}
    sharing = Sharing(kind, 2)
    one, other = (
        replace(spec(*tasks), sharing=sharing)
        for tasks in (("class", "size", "weight"), ("weight", "class", "size"))
    )
    (expected,), (found,) = (train_cohort([run], data, shapes(), max_epochs=2) for run in (one, other))
    by_task = {(s.task, s.split): s.value for s in expected.scores}
    assert {(s.task, s.split): s.value for s in found.scores} == pytest.approx(by_task, rel=1e-7)


@pytest.mark.parametrize("kind", KINDS)
def test_runs_may_read_rows_of_several_seeds_unevenly(kind):
    """A cohort of three runs of one seed and one of another is what a search packs all the time."""
    data = {seed: seed_rows(seed) for seed in (0, 1)}
    runs = members(kind)
    even = [runs[0], runs[3]]
    alone = train_cohort(even, data, shapes(), max_epochs=2)
    uneven = train_cohort(runs, data, shapes(), max_epochs=2)
    assert close(values([uneven[0], uneven[3]]), values(alone))


@pytest.mark.parametrize("encoder", IMAGES_AND_TEXTS)
@pytest.mark.parametrize("kind", KINDS)
def test_every_encoder_takes_every_kind(kind, encoder):
    """Images and texts are shared in as many ways as tables are."""
    case = CASES[encoder]
    data = {seed: case.rows(seed, missing=0.2) for seed in (0, 1)}
    runs = [members(kind)[0], members(kind, 1)[3]]
    together = train_cohort(runs, data, case.shapes(), max_epochs=2)
    alone = [train_cohort([run], data, case.shapes(), max_epochs=2)[0] for run in runs]
    assert close(values(together), values(alone))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("form", ["stacked", "lstm"])
def test_every_parameter_learns(form, kind):
    """A part that is cut off from its loss would still give scores."""
    case = CASES["mlp" if form == "stacked" else "lstm"]
    run = members(kind)[0]
    cohort = Cohort([run], {0: case.rows(0)}, shapes() if form == "stacked" else case.shapes())
    before = {t.name: t.value.clone() for t in cohort.network.trained}
    cohort.train_epoch(0)
    still = [t.name for t in cohort.network.trained if torch.equal(before[t.name], t.value)]
    assert still == []


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("depth", [1, 2, 3])
@pytest.mark.parametrize("form", ["stacked", "modules"])
def test_what_is_said_to_be_shared_is_what_several_tasks_reach(form, depth, kind):
    """Weightings that look at gradients compare tasks on just these parameters."""
    run, widths = members(kind, depth)[0], [6, 6, 6]
    as_modules = EncoderCase(ModelSpec(widths=widths), (5,)).shapes()
    how = as_modules if form == "modules" else shapes(widths=tuple(widths))
    cohort = Cohort([run], {0: seed_rows(0)}, how)
    network, x = cohort.network, cohort._feed.epoch(0, progress=0.0).batch(0, 29)[0]
    outputs, reached = network.forward(x), []
    for branch in range(3):
        grad = torch.zeros_like(outputs)
        first = int(network.wiring.branch_column[branch])
        columns = slice(first, first + int(network.wiring.branch_outputs[branch]))
        grad[int(network.wiring.branch_node[branch]), columns] = 1.0
        network.backward(x, grad, again=branch < 2)
        reached.append([(t.grad.flatten(1) != 0).any(dim=1).numpy() for t in network.trained])
    for said, *of_tasks in zip(network.trained, *reached, strict=True):
        assert said.shared is not None
        np.testing.assert_array_equal(said.shared, np.sum(of_tasks, axis=0) > 1, err_msg=said.name)


def test_backward_again_gives_the_same_gradients():
    """Gradients of one task after another come from one forward pass."""
    cohort = Cohort(members("mmoe"), {s: seed_rows(s) for s in (0, 1)}, shapes())
    x = cohort._feed.epoch(0, progress=0.0).batch(0, 8)[0]
    grad = torch.ones_like(cohort.network.forward(x))
    cohort.network.backward(x, grad, again=True)
    first = [t.grad.clone() for t in cohort.network.trained]
    cohort.network.backward(x, grad)
    torch.testing.assert_close([t.grad for t in cohort.network.trained], first, rtol=0, atol=0)


@pytest.mark.parametrize("kind", SHARINGS)
def test_a_single_task_can_be_trained(kind):
    """A subset of one task must not break a cohort."""
    run = replace(spec("size"), sharing=Sharing(kind, 1))
    for how in (shapes(), CASES["mlp"].shapes()):
        assert train_cohort([run], {0: seed_rows(0)}, how, max_epochs=1)[0].ok


def test_equal_kinds_of_tasks_have_one_head():
    """`head: shared` means one head for size and weight, and others for tasks of other kinds."""
    run = replace(spec("class", "size", "weight"), sharing=Sharing('decision {"head": "shared"}', 1))
    for how in (shapes(), CASES["mlp"].shapes()):
        cohort = Cohort([run], {0: seed_rows(0)}, how)
        cohort.train_epoch(0)
        x = cohort._feed.scored("test").x
        size, weight = (cohort.network.evaluate(x)[node, 0] for node in (1, 2))
        assert not torch.equal(size, weight)  # their own features below
        heads = [t for t in cohort.network.trained if "head" in t.name and t.name.endswith("weight")]
        assert sum(int(t.shared.sum()) for t in heads if t.shared is not None) == 1
    assert N_OUTPUTS["size"] == N_OUTPUTS["weight"]
