"""Trees and heads at different heights train in the same cohorts as hard sharing, by the same rules."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from cases import FIRST_ROW, N_INPUTS, N_OUTPUTS, TASKS, _linear, plain_loss, seed_rows, shapes, spec
from encoder_cases import CASES
from torch import nn

from taskgroup.models import ModuleNetwork, StackedCnn, initial_block, initial_head
from taskgroup.spec import Method, RunSpec, Sharing
from taskgroup.training import Cohort, SeedData, pack, train_cohort

ALL = tuple(N_OUTPUTS)
WIDTHS = (6, 4, 3)
TREE = {"1": [["class", "tags"], ["flag"]], "2": [["class"], ["tags"], ["flag"]]}
ATTACH = {"class": 1, "size": 2, "weight": 2}


def tree(*subset: str, branches: dict = TREE, **settings: object) -> RunSpec:
    return _shared(Method("tree", {"branches": branches}), *subset, **settings)


def low(*subset: str, attach: dict = ATTACH, **settings: object) -> RunSpec:
    return _shared(Method("low_supervision", {"attach": attach}), *subset, **settings)


def _shared(method: Method, *subset: str, **settings: object) -> RunSpec:
    return replace(spec(*subset, **settings), sharing=Sharing(method.text, len(WIDTHS)))


MEMBERS = [
    spec("class", "flag", depth=3, seed=0),
    tree(*ALL, seed=0),
    low("class", "size", seed=0, learning_rate=0.003),
    low(*ALL, seed=0, weighting="uncertainty"),
    spec(*ALL, depth=1, seed=0, weighting="uncertainty"),
    low("class", seed=1, weight_decay=0.1),
    tree("class", "tags", "size", seed=1, weighting="inverse_size", learning_rate=0.03),
    spec("size", "weight", depth=0, seed=1),
]


def train(members: list[RunSpec], *, missing: float = 0.2, epochs: int = 3) -> Cohort:
    seeds = {s: seed_rows(s, missing=missing) for s in (0, 1)}
    cohort = Cohort(members, seeds, shapes(widths=WIDTHS))
    for epoch in range(epochs):
        cohort.train_epoch(epoch)
    return cohort


def outputs(cohort: Cohort, run: int) -> dict[str, torch.Tensor]:
    """One run's outputs on the test rows, [K, rows] for each task."""
    w, flat = cohort.network.wiring, cohort.outputs("test")
    return {
        ALL[w.branch_task[p]]: flat[w.branch_node[p], w.branch_column[p] :][: w.branch_outputs[p]]
        for p in range(w.n_branches)
        if w.branch_run[p] == run
    }


class PlainForest(nn.Module):
    """All blocks by name, as anybody would write one run: `route` lists those below each head."""

    def __init__(self, route: dict[str, list[str]], seed: int) -> None:
        super().__init__()
        self.route, sizes = route, (N_INPUTS, *WIDTHS)
        names = {name: level for path in route.values() for level, name in enumerate(path)}
        self.blocks = nn.ModuleDict(
            {name: _linear(initial_block(seed, k, sizes[k], sizes[k + 1])) for name, k in names.items()}
        )
        self.heads = nn.ModuleDict(
            {t: _linear(initial_head(seed, t, sizes[len(p)], N_OUTPUTS[t])) for t, p in route.items()}
        )

    def forward(self, x: torch.Tensor) -> dict[str, torch.Tensor]:
        found = {}
        for task, path in self.route.items():
            h = x
            for name in path:
                h = self.blocks[name](h).relu()
            found[task] = self.heads[task](h)
        return found


ROUTES = {
    1: {
        "class": ["0", "1ab", "2a"],
        "flag": ["0", "1c", "2c"],
        "size": ["0", "1rest", "2rest"],
        "tags": ["0", "1ab", "2b"],
        "weight": ["0", "1rest", "2rest"],
    },
    2: {"class": ["0"], "size": ["0", "1"]},
}


def train_by_hand(run: RunSpec, route: dict[str, list[str]], data: SeedData, epochs: int) -> PlainForest:
    network = PlainForest(route, run.seed)
    optimizer = torch.optim.AdamW(network.parameters(), lr=run.learning_rate, weight_decay=run.weight_decay)
    for epoch in range(epochs):
        rows = data.epoch(epoch)
        for start in range(0, rows.n_rows, 8):
            batch = slice(start, start + 8)
            z = network(rows.x[:, batch].t())
            total = torch.zeros((), dtype=torch.float64)
            for position, task in enumerate(TASKS):
                if task.name in route:
                    own = slice(FIRST_ROW[task.name], FIRST_ROW[task.name] + N_OUTPUTS[task.name])
                    labelled = rows.labelled[position, batch].bool()
                    total = total + plain_loss(task, z[task.name], rows.y[own, batch].t(), labelled)
            optimizer.zero_grad()
            total.backward()
            optimizer.step()
    return network


@pytest.mark.parametrize("member", ROUTES)
def test_a_run_equals_a_loop_written_by_hand(member):
    """The oracle: the user's tree must be what is trained, in a cohort of all kinds."""
    cohort, run = train(MEMBERS), MEMBERS[member]
    data = seed_rows(run.seed, missing=0.2)
    plain = train_by_hand(run, ROUTES[member], data, epochs=3)
    with torch.no_grad():
        expected = plain(data.scored["test"].x.t())
    for task, z in outputs(cohort, member).items():
        torch.testing.assert_close(z, expected[task].t(), rtol=1e-7, atol=1e-9)


def test_a_mixed_cohort_equals_single_runs():
    """What a run reaches must not depend on what it was packed with."""
    cohort = train(MEMBERS)
    for i, member in enumerate(MEMBERS):
        alone = outputs(train([member]), 0)
        for task, z in outputs(cohort, i).items():
            torch.testing.assert_close(z, alone[task], rtol=1e-9, atol=1e-11)


def test_gradients_are_those_of_autograd():
    """A block that feeds both heads and blocks must learn from both."""
    cohort = train(MEMBERS, epochs=1)
    network, w = cohort.network, cohort.network.wiring
    x = torch.randn(2, N_INPUTS, 7, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    out = network.forward(x).clone()
    grad = torch.randn(out.shape, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    network.backward(x, grad)
    leaves = [[t.detach().clone().requires_grad_() for t in (k.weight, k.bias)] for k in network.layers]
    h, levels = x[network.stream[w.layers[0].run]], []
    for (weight, bias), layer in zip(leaves, w.layers, strict=False):
        h = h if layer.parent is None else h[torch.from_numpy(layer.parent)]
        h = (weight @ h + bias.unsqueeze(2)).relu()
        levels.append(h)
    heads = zip(leaves[len(w.layers) :], w.heads, strict=True)
    z = torch.cat([weight @ levels[k.level][k.node] + bias.unsqueeze(2) for (weight, bias), k in heads])
    torch.testing.assert_close(z, out)
    z.backward(grad)
    for layer, (weight, bias) in zip(network.layers, leaves, strict=True):
        torch.testing.assert_close(layer.weight_grad, weight.grad)
        torch.testing.assert_close(layer.bias_grad, bias.grad)


@pytest.mark.parametrize("dropped", [[0, 1], [2, 3, 5], [0, 1, 3, 4, 6, 7], [0, 4, 7]])
def test_dropping_runs_leaves_the_others_as_they_were(dropped):
    """Whole levels of blocks and heads may go with a run; the others must not notice."""
    seeds = {s: seed_rows(s, missing=0.2) for s in (0, 1)}
    whole, fewer = (Cohort(MEMBERS, seeds, shapes(widths=WIDTHS)) for _ in range(2))
    for epoch in range(4):
        if epoch == 2:
            fewer.drop(dropped)
        whole.train_epoch(epoch)
        fewer.train_epoch(epoch)
    for i, member in enumerate(fewer.members):
        before = outputs(whole, MEMBERS.index(member))
        for task, z in outputs(fewer, i).items():
            torch.testing.assert_close(z, before[task], rtol=1e-9, atol=1e-11)


@pytest.mark.parametrize("kept", [[1, 3], [2, 5], [0, 6]])
def test_weights_of_the_best_epoch_are_kept(kept):
    """Early stopping would return another run's weights."""
    seeds = {s: seed_rows(s, missing=0.2) for s in (0, 1)}
    best, trained = Cohort(MEMBERS, seeds, shapes(widths=WIDTHS)), train(MEMBERS)
    trained.drop([run for run in range(len(MEMBERS)) if run not in kept])
    untouched = outputs(best, 4)
    best.take_weights(trained, range(len(kept)))
    for i, run in enumerate(kept):
        assert all(torch.allclose(z, outputs(trained, i)[t]) for t, z in outputs(best, run).items())
    assert all(torch.equal(z, untouched[t]) for t, z in outputs(best, 4).items())


def _split(after: int) -> dict[str, list[list[str]]]:
    return {str(after): [[task] for task in reversed(ALL)]}


@pytest.mark.parametrize(
    ("run", "depth"),
    [
        (tree(*ALL, branches={"1": [list(ALL)]}), 3),
        (tree(*ALL, branches=_split(0)), 0),
        (tree(*ALL, branches=_split(1)), 1),
        (tree(*ALL, branches=_split(2)), 2),
        (tree(*ALL, branches=_split(3)), 3),
        (low(*ALL, attach=dict.fromkeys(ALL, 3)), 3),
        (low(*ALL, attach={}), 3),
    ],
)
def test_limits_are_hard_sharing_to_the_last_bit(run, depth):
    """The same network under two names must score the same, or ways could not be compared."""
    one, other = (outputs(train([m]), 0) for m in (run, spec(*ALL, depth=depth)))
    assert all(torch.equal(one[task], other[task]) for task in ALL)


def test_heads_all_low_are_a_shallower_network():
    """Blocks above the highest head are not trained, and cost nothing."""
    cohort = train([low(*ALL, attach=dict.fromkeys(ALL, 2))])
    assert len(cohort.network.wiring.layers) == 2
    shallow = Cohort([spec(*ALL, depth=2)], {0: seed_rows(0, missing=0.2)}, shapes(widths=WIDTHS[:2]))
    for epoch in range(3):
        shallow.train_epoch(epoch)
    assert all(torch.equal(z, outputs(shallow, 0)[task]) for task, z in outputs(cohort, 0).items())


TWO_BLOCKS = [
    replace(run, sharing=Sharing(run.sharing.kind, 2))
    for run in (
        tree("class", "flag", "size", branches={"1": [["class", "size"]]}, seed=0),
        low("class", "size", "tags", attach={"size": 1, "tags": 1}, seed=0),
        low("class", attach={"class": 1}, seed=0),
        tree(*ALL, branches=_split(1), seed=1),
    )
] + [spec("class", "flag", depth=1, seed=1)]


@pytest.mark.parametrize("name", CASES)
def test_every_encoder_trains_them(name):
    """Images and texts share by the same settings as tables; a mixed cohort equals its runs alone."""
    case = CASES[name]
    data = {seed: case.rows(seed, missing=0.2) for seed in (0, 1)}
    how = {"max_epochs": 4, "patience": 2}
    together = train_cohort(TWO_BLOCKS, data, case.shapes(), **how)
    alone = [train_cohort([member], data, case.shapes(), **how)[0] for member in TWO_BLOCKS]
    for one, other in zip(together, alone, strict=True):
        assert one.reason is None
        values = [score.value for score in other.scores]
        assert [s.value for s in one.scores] == pytest.approx(values, rel=1e-7, abs=1e-9, nan_ok=True)


def test_the_plain_twin_equals_the_stacked_mlp():
    """The two ways of training must be one."""
    data = {seed: seed_rows(seed, missing=0.2) for seed in (0, 1)}
    stacked = train_cohort(TWO_BLOCKS, data, shapes(), max_epochs=4, patience=2)
    plain = train_cohort(TWO_BLOCKS, data, CASES["mlp"].shapes(), max_epochs=4, patience=2)
    for one, other in zip(stacked, plain, strict=True):
        values = [score.value for score in other.scores]
        assert [s.value for s in one.scores] == pytest.approx(values, rel=1e-7, abs=1e-9, nan_ok=True)


def test_stacked_convolutions_lose_runs_too():
    """A level of heads that goes with its run must not stop the others."""
    case = CASES["cnn"]
    data = {seed: case.rows(seed, missing=0.2) for seed in (0, 1)}
    cohort = Cohort(TWO_BLOCKS, data, case.shapes())
    assert isinstance(cohort.network, StackedCnn)
    alone = Cohort([TWO_BLOCKS[3]], data, case.shapes())
    assert isinstance(alone.network, ModuleNetwork)
    for epoch in range(3):
        if epoch == 1:
            cohort.drop([0, 1, 2, 4])
        cohort.train_epoch(epoch)
        alone.train_epoch(epoch)
    values = [score.value for score in alone.scores()[0]]
    assert [s.value for s in cohort.scores()[0]] == pytest.approx(values, rel=1e-7, nan_ok=True)


def test_kinds_are_packed_side_by_side_in_a_cohort():
    """Runs of one seed and kind stand together, so that few products serve them all."""
    runs = [replace(run, seed=seed) for seed in (1, 0) for run in (MEMBERS[1], MEMBERS[0], MEMBERS[3])]
    shape = {"n_inputs": 5, "widths": (64, 64, 64), "n_outputs": N_OUTPUTS, "batch_size": 8}
    (cohort,) = pack(runs, **shape)
    assert [run.seed for run in cohort] == [0, 0, 0, 1, 1, 1]
    assert [run.sharing.method.name for run in cohort] == ["hard", "low_supervision", "tree"] * 2
