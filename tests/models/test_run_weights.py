"""The weights of one run as plain modules: what users load elsewhere, and what teachers are made of."""

from __future__ import annotations

import pytest
import torch

from taskgroup.models import Modules, StackedMLP, run_weights
from taskgroup.spec import ModelSpec, RunSpec, Sharing

N_OUTPUTS = {"a": 1, "b": 3, "c": 2}
ENCODERS = {
    "mlp": (ModelSpec(widths=[6, 4]), (5,)),
    "one block": (ModelSpec(widths=[4]), (5,)),
    "cnn": (ModelSpec(encoder="cnn", widths=[4, 6]), (2, 5, 4)),
    "cnn of one block": (ModelSpec(encoder="cnn", widths=[4]), (2, 5, 4)),
}


def runs(n_blocks: int) -> list[RunSpec]:
    wanted = [(("a", "b"), 1), (("c",), n_blocks), (("a", "b", "c"), 0), (("b", "c"), n_blocks)]
    return [
        RunSpec(s, Sharing("hard", d), "equal", 0.01, 0.0, seed=i // 2) for i, (s, d) in enumerate(wanted)
    ]


@pytest.mark.parametrize("name", ENCODERS)
@pytest.mark.parametrize("alone", [False, True])
def test_the_plain_twin_computes_what_the_cohort_does(name, alone):
    """Weights under another name or in another place would be another network."""
    model, shape = ENCODERS[name]
    modules = Modules(model, shape, n_outputs=list(N_OUTPUTS.values()))
    for members in [[run] for run in runs(model.n_blocks)] if alone else [runs(model.n_blocks)]:
        network = modules.network(members, N_OUTPUTS, 1.0, torch.float64, "cpu")
        if model.encoder == "mlp" and not alone:
            network = StackedMLP(
                members, n_inputs=5, widths=model.widths, n_outputs=N_OUTPUTS, dtype=torch.float64
            )
        for tensor in network.trained:
            tensor.value.add_(torch.randn(tensor.value.shape, generator=torch.Generator().manual_seed(1)))
        x = torch.randn(2, network_inputs(shape), 7, dtype=torch.float64)[: len(network.seeds)]
        outputs = network.evaluate(x).clone()
        for run, member in enumerate(members):
            twin = modules.plain(member, N_OUTPUTS).to(torch.float64)
            twin.load_state_dict(run_weights(network, run))
            found = twin.train(False)(x[network.stream[run]].t().reshape(7, *shape))
            w = network.wiring
            branches = [p for p in range(w.n_branches) if w.branch_run[p] == run]
            for p, z in zip(branches, found, strict=True):
                first = int(w.branch_column[p])
                expected = outputs[w.branch_node[p], first : first + int(w.branch_outputs[p])]
                torch.testing.assert_close(z.detach().t(), expected, rtol=1e-9, atol=1e-11)


def network_inputs(shape: tuple[int, ...]) -> int:
    return int(torch.tensor(shape).prod())


def test_weights_are_copies():
    """Training goes on after a run has left; its weights must not."""
    (member, *_) = runs(1)
    network = StackedMLP([member], n_inputs=5, widths=[4], n_outputs=N_OUTPUTS)
    found = run_weights(network, 0)
    before = {name: value.clone() for name, value in found.items()}
    for tensor in network.trained:
        tensor.value.zero_()
    assert all(torch.equal(found[name], before[name]) for name in found)
