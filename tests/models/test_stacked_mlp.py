"""A cohort's networks: runs of one seed start alike, so that their differences are the subsets'."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from taskgroup.models import StackedMLP, initial_block, initial_head
from taskgroup.spec import RunSpec, Sharing

N_OUTPUTS = {"a": 3, "b": 1, "c": 2}
INPUTS, WIDTHS, B = 4, (6, 5), 7


def run(*subset: str, depth: int, seed: int = 0) -> RunSpec:
    return RunSpec(subset, Sharing("hard", depth), "equal", 0.01, 0.0, seed)


MEMBERS = [
    run("a", "b", depth=2),
    run("a", depth=2),
    run("a", "b", "c", depth=1),
    run("b", "c", depth=0, seed=1),
    run("c", depth=2, seed=1),
]


@pytest.fixture
def network() -> StackedMLP:
    return StackedMLP(MEMBERS, n_inputs=INPUTS, widths=WIDTHS, n_outputs=N_OUTPUTS, dtype=torch.float64)


@pytest.fixture
def batches() -> Tensor:
    """One input for each of the two seeds."""
    return torch.randn(2, INPUTS, B, generator=torch.Generator().manual_seed(0), dtype=torch.float64)


def head_outputs(network: StackedMLP, out: Tensor) -> dict[tuple[RunSpec, str], Tensor]:
    """Each run's outputs of each of its tasks, [K, B]."""
    w = network.wiring
    names = tuple(N_OUTPUTS)
    return {
        (network.members[run], names[task]): out[node, column : column + n].clone()
        for run, task, node, column, n in zip(
            w.branch_run, w.branch_task, w.branch_node, w.branch_column, w.branch_outputs, strict=True
        )
    }


def by_formula(seed: int, task: str, x: Tensor) -> Tensor:
    """Linear and ReLU twice, then the task's head; [K, B]. All start from the seed alone."""
    for level, (inputs, outputs) in enumerate([(INPUTS, WIDTHS[0]), WIDTHS]):
        weight, bias = map(torch.tensor, initial_block(seed, level, inputs, outputs))
        x = (weight @ x + bias[:, None]).relu()
    weight, bias = map(torch.tensor, initial_head(seed, task, WIDTHS[-1], N_OUTPUTS[task]))
    return weight @ x + bias[:, None]


def test_before_training_only_seed_and_task_matter(network, batches):
    """Common random numbers: subset, depth and neighbours do not change where a run starts."""
    for (member, task), out in head_outputs(network, network.forward(batches)).items():
        torch.testing.assert_close(out, by_formula(member.seed, task, batches[member.seed]))


def test_gradients_are_those_of_autograd(network, batches):
    out = network.forward(batches)
    grad = torch.randn(out.shape, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    network.backward(batches, grad)
    leaves = [(layer.weight.clone(), layer.bias.clone()) for layer in network.layers]
    for weight, bias in leaves:
        weight.requires_grad_(), bias.requires_grad_()
    h = batches[[MEMBERS[run].seed for run in network.wiring.layers[0].run]]
    for level, (weight, bias) in enumerate(leaves):
        if 0 < level < len(WIDTHS) and (parent := network.wiring.layers[level].parent) is not None:
            h = h[torch.from_numpy(parent)]
        h = weight @ h + bias.unsqueeze(2)
        h = h.relu() if level < len(WIDTHS) else h
    torch.testing.assert_close(h, out)
    h.backward(grad)
    for layer, (weight, bias) in zip(network.layers, leaves, strict=True):
        torch.testing.assert_close(layer.weight_grad, weight.grad)
        torch.testing.assert_close(layer.bias_grad, bias.grad)


@pytest.mark.parametrize("kept", [[1, 4], [0, 2, 3], [3]])
def test_dropping_runs_leaves_the_others_as_they_were(network, batches, kept):
    before = head_outputs(network, network.forward(batches))
    network.keep(kept)
    after = head_outputs(network, network.forward(batches[list(network.seeds)]))
    assert {member for member, _ in after} == {MEMBERS[i] for i in kept}
    for branch, out in after.items():
        torch.testing.assert_close(out, before[branch])
