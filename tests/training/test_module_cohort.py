"""Encoders of modules must train by the rules of the stacked MLP, or gains would mean two things."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from cases import FIRST_ROW, N_OUTPUTS, seed_rows, shapes, spec
from encoder_cases import CASES, EncoderCase
from torch import nn

from taskgroup.models import BLOCKS, Encoder, ModuleNetwork, StackedCnn, initial_head
from taskgroup.models.encoder import seeded_torch
from taskgroup.spec import ModelSpec, RunResult, RunSpec
from taskgroup.training import Cohort, train_cohort

ALL = tuple(N_OUTPUTS)
MEMBERS = [
    spec("class", "flag", depth=2, seed=0),
    spec(*ALL, depth=1, seed=0, weighting="uncertainty"),
    spec("size", "weight", depth=0, seed=0, weight_decay=0.1),
    spec("class", "tags", depth=1, seed=1, weighting="inverse_size", learning_rate=0.03),
]


def values(results: list[RunResult]) -> list[list[float]]:
    assert [result.reason for result in results] == [None] * len(results)
    return [[score.value for score in result.scores] for result in results]


def close(one: list[list[float]], other: list[list[float]]) -> bool:
    return one == [pytest.approx(expected, rel=1e-7, abs=1e-9, nan_ok=True) for expected in other]


def test_every_encoder_has_a_case():
    """A newcomer to the catalog meets the tests below."""
    assert CASES.keys() == BLOCKS.keys()


@pytest.mark.parametrize("patience", [None, 2])
@pytest.mark.parametrize("missing", [0.0, 0.4])
def test_the_plain_twin_equals_the_stacked_mlp(missing, patience):
    """The two ways of training must be one: same weights, batches, losses, optimiser, stopping, scores."""
    data = {seed: seed_rows(seed, missing=missing) for seed in (0, 1)}
    how = {"max_epochs": 6, "patience": patience}
    stacked = train_cohort(MEMBERS, data, shapes(), **how)
    for member, expected in zip(MEMBERS, stacked, strict=True):
        (single,) = train_cohort([member], data, CASES["mlp"].shapes(), **how)
        assert close(values([single]), values([expected]))
        assert single.epochs == expected.epochs


@pytest.mark.parametrize("name", CASES)
def test_a_cohort_equals_its_runs_alone(name):
    """What a run reaches must not depend on what it was packed with."""
    case = CASES[name]
    data = {seed: case.rows(seed, missing=0.2) for seed in (0, 1)}
    together = train_cohort(MEMBERS, data, case.shapes(), max_epochs=3, patience=2)
    alone = [train_cohort([m], data, case.shapes(), max_epochs=3, patience=2)[0] for m in MEMBERS]
    assert close(values(together), values(alone))


@pytest.mark.parametrize("name", CASES)
def test_a_diverged_run_is_dropped_and_harms_nobody(name):
    """One bad learning rate must not cost its neighbours."""
    case = CASES[name]
    data = {0: case.rows(0)}
    bad, good = spec("size", learning_rate=1e200), spec("size", "weight", weighting="uncertainty")
    together = train_cohort([bad, good], data, case.shapes(), max_epochs=3)
    alone = train_cohort([good], data, case.shapes(), max_epochs=3)
    assert together[0].status == "failed"
    assert "learning rate 1e+200" in str(together[0].reason)
    assert close(values(together[1:]), values(alone))


@pytest.mark.parametrize("name", CASES)
def test_nothing_shared_equals_single_tasks(name):
    """Private blocks must start as copies of the shared ones, or depths could not be compared."""
    case = CASES[name]
    data = {0: case.rows(0)}
    joint = train_cohort([spec("class", "size", depth=0)], data, case.shapes(), max_epochs=2)
    single = [train_cohort([spec(t)], data, case.shapes(), max_epochs=2)[0] for t in ("class", "size")]
    by_task = {(s.task, s.split): s.value for result in single for s in result.scores}
    assert {(s.task, s.split): s.value for s in joint[0].scores} == pytest.approx(
        by_task, rel=1e-7, nan_ok=True
    )


@pytest.mark.parametrize("name", CASES)
def test_training_changes_what_it_should(name):
    """Every block must learn: an encoder that is cut off from its loss would still give scores."""
    case = CASES[name]
    cohort = Cohort([spec("class", "size", depth=1)], {0: case.rows(0)}, case.shapes())
    before = {t.name: t.value.clone() for t in cohort.network.trained}
    cohort.train_epoch(0)
    changed = {t.name: not torch.equal(before[t.name], t.value) for t in cohort.network.trained}
    assert all(changed.values())


def test_a_cnn_run_equals_a_loop_written_by_hand():
    """The oracle: torch's own modules, losses and AdamW, with no code of the engine."""
    run, case = spec("class", "size", depth=1, seed=3), CASES["cnn"]
    data = case.rows(3, missing=0.2)
    cohort = Cohort([run], {3: data}, case.shapes())
    plain = _plain_cnn(run)
    optimizer = torch.optim.AdamW(plain.parameters(), lr=run.learning_rate, weight_decay=run.weight_decay)
    for epoch in range(3):
        cohort.train_epoch(epoch)
        rows = data.epoch(epoch)
        for start in range(0, rows.n_rows, 8):
            batch = slice(start, start + 8)
            z = _plain_outputs(plain, rows.x[:, batch].t().reshape(-1, 2, 5, 4))
            label = rows.y[:3, batch].argmax(dim=0)
            known = {t: rows.labelled[ALL.index(t), batch].bool() for t in run.subset}
            loss = nn.functional.cross_entropy(z["class"][known["class"]], label[known["class"]])
            errors = (z["size"][:, 0] - rows.y[FIRST_ROW["size"], batch])[known["size"]]
            optimizer.zero_grad()
            (loss + errors.square().mean()).backward()
            optimizer.step()
    with torch.no_grad():
        expected = _plain_outputs(plain, data.scored["test"].x.t().reshape(-1, 2, 5, 4))
    outputs = cohort.outputs("test")
    torch.testing.assert_close(outputs[0], expected["class"].t(), rtol=1e-7, atol=1e-9)
    torch.testing.assert_close(outputs[1, :1], expected["size"].t(), rtol=1e-7, atol=1e-9)


def _plain_cnn(run: RunSpec) -> nn.ModuleDict:
    def convolution(level: int, *channels: int) -> nn.Sequential:
        with seeded_torch(run.seed, "block", level):
            layer = nn.Conv2d(*channels, 3, padding=1)
        groups = {4: 4, 6: 2}[channels[1]]
        return nn.Sequential(layer, nn.GroupNorm(groups, channels[1]), nn.ReLU())

    def head(task: str) -> nn.Linear:
        layer = nn.Linear(6, N_OUTPUTS[task])
        values = (torch.tensor(v) for v in initial_head(run.seed, task, 6, N_OUTPUTS[task]))
        layer.weight.data, layer.bias.data = values
        return layer

    modules = {"shared": convolution(0, 2, 4)}
    for task in run.subset:
        modules |= {f"own {task}": convolution(1, 4, 6), f"head {task}": head(task)}
    return nn.ModuleDict(modules).double()


def _plain_outputs(plain: nn.ModuleDict, x: torch.Tensor) -> dict[str, torch.Tensor]:
    shared = nn.functional.max_pool2d(plain["shared"](x), 2)
    return {
        task: plain[f"head {task}"](plain[f"own {task}"](shared).mean(dim=(2, 3)))
        for task in ("class", "size")
    }


class TestInitialWeights:
    @pytest.mark.parametrize("name", CASES)
    def test_they_depend_on_seed_and_block_alone(self, name):
        """Else a subset would win by its start, and not by what it shares."""
        encoder = CASES[name].modules().encoder(1.0)
        one, same, other = (encoder.blocks(seed) for seed in (0, 0, 1))
        for a, b, c in zip(one, same, other, strict=True):
            weights = [torch.cat([p.flatten() for p in block.parameters()]) for block in (a, b, c)]
            assert torch.equal(weights[0], weights[1])
            assert not torch.equal(weights[0], weights[2])

    def test_a_block_does_not_depend_on_those_before_it(self):
        """Encoders of other depth keep what they have in common."""
        deep = EncoderCase(ModelSpec(encoder="cnn", widths=[4, 6, 6]), (2, 5, 4)).modules().encoder(1.0)
        flat = CASES["cnn"].modules().encoder(1.0)
        assert torch.equal(deep.blocks(0)[1].convolution.weight, flat.blocks(0)[1].convolution.weight)

    def test_the_callers_generator_is_left_as_it_was(self):
        torch.manual_seed(4)
        expected = torch.rand(3)
        torch.manual_seed(4)
        CASES["cnn"].modules().encoder(1.0).blocks(0)
        assert torch.equal(torch.rand(3), expected)


def test_running_statistics_and_noise_do_not_depend_on_company():
    """Batch norm and dropout of a user's encoder: a run keeps its own, whoever trains beside it."""

    class Noisy(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layers = nn.Sequential(nn.Linear(5, 6), nn.BatchNorm1d(6), nn.Dropout(0.5), nn.ReLU())

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.layers(x)

    encoder = Encoder(lambda seed: Noisy(), n_blocks=1, input_shape=(5,), name="noisy")

    def train(*members: RunSpec) -> torch.Tensor:
        network = ModuleNetwork(members, encoder=encoder, n_outputs=N_OUTPUTS, dtype=torch.float64)
        data = seed_rows(0)
        for _ in range(3):
            z = network.forward(data.train.x.unsqueeze(0))
            network.backward(data.train.x.unsqueeze(0), z - 1.0)
            for t in network.trained:
                t.value.sub_(0.01 * t.grad)
        return network.evaluate(data.scored["test"].x.unsqueeze(0))

    runs = [spec("size", depth=1), spec("flag", depth=1)]
    both = train(*runs)
    for i, run in enumerate(runs):
        torch.testing.assert_close(both[i], train(run)[0])


def test_frozen_encoders_train_heads_alone():
    """`model.frozen` must mean what it says, and still allow private blocks."""
    case = EncoderCase(ModelSpec(encoder="cnn", widths=[4, 6], frozen=True), (2, 5, 4))
    cohort = Cohort([spec("class", "size", depth=1)], {0: case.rows(0)}, case.shapes())
    assert {t.name.split(": ")[1].split(".")[0] for t in cohort.network.trained} == {"heads"}
    cohort.train_epoch(0)
    (run,) = cohort.network._runs
    assert torch.equal(
        run.module.nodes[0][0].convolution.weight.float(),
        case.modules().encoder(1.0).blocks(0)[0].convolution.weight.float(),
    )


class TestPacking:
    """Cohorts only where they were measured to be faster."""

    def cohorts(self, case: EncoderCase, batch_size: int = 8, device: str = "cpu") -> list[int]:
        runs = [spec("class", seed=seed, depth=d) for seed in range(6) for d in (1, 2)]
        packed = case.modules().pack(runs, device=device, batch_size=batch_size)
        assert sorted(str(run) for cohort in packed for run in cohort) == sorted(map(str, runs))
        return [len(cohort) for cohort in packed]

    def test_small_convolutions_train_together(self):
        assert self.cohorts(CASES["cnn"]) == [6, 6]

    def test_large_ones_and_those_on_other_devices_alone(self):
        large = EncoderCase(ModelSpec(encoder="cnn", widths=[32, 64]), (3, 32, 32))
        assert self.cohorts(large, 64) == [1] * 12
        assert self.cohorts(CASES["cnn"], device="cuda") == [1] * 12

    def test_what_cannot_be_stacked_alone(self):
        frozen = EncoderCase(ModelSpec(encoder="cnn", widths=[4, 6], frozen=True), (2, 5, 4))
        assert self.cohorts(frozen) == [1] * 12

    def test_cohorts_are_of_one_fidelity_and_capacity(self):
        runs = [replace(spec("class", seed=s), capacity=c) for s in range(3) for c in (1.0, 0.5)]
        packed = CASES["cnn"].modules().pack(runs, device="cpu", batch_size=8)
        assert sorted(len(cohort) for cohort in packed) == [3, 3]
        assert all(len({run.capacity for run in cohort}) == 1 for cohort in packed)


def test_stacked_convolutions_are_those_one_by_one():
    """The grouped form must be the plain one for any mix of depths, seeds, subsets, also when runs leave."""
    case = CASES["cnn"]
    data = {seed: case.rows(seed, missing=0.2) for seed in (0, 1)}
    cohort = Cohort(MEMBERS, data, case.shapes())
    assert isinstance(cohort.network, StackedCnn)
    alone = [Cohort([member], data, case.shapes()) for member in MEMBERS]
    for epoch in range(3):
        if epoch == 1:
            cohort.drop([0, 2])
        cohort.train_epoch(epoch)
        for one in alone:
            one.train_epoch(epoch)
    for i, run in enumerate([1, 3]):
        assert isinstance(alone[run].network, ModuleNetwork)
        assert cohort.scores()[i] == tuple(
            replace(score, value=pytest.approx(score.value, rel=1e-7, abs=1e-9, nan_ok=True))
            for score in alone[run].scores()[0]
        )
