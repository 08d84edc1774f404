"""Encoders of the user's own under every kind of sharing."""

from __future__ import annotations

import pytest
import torch
from column_cases import KINDS, N_OUTPUTS, run
from torch import Tensor, nn

from taskgroup.errors import InputError
from taskgroup.models import SHARINGS, ColumnsNetwork, Encoder, ModuleNetwork

MIXING = [kind for kind in SHARINGS if SHARINGS[kind].mixes]


class Pair(nn.Module):
    """A block that gives no tensor."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(5, 4)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        return self.layer(x).relu(), x


class Joined(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Sequential(nn.Linear(9, 4), nn.BatchNorm1d(4), nn.Dropout(0.3))

    def forward(self, pair: tuple[Tensor, Tensor]) -> Tensor:
        return self.layer(torch.cat(pair, dim=1))


class Whole(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.blocks = nn.ModuleList([Pair(), Joined()])


def encoder(frozen: bool = False) -> Encoder:
    return Encoder(lambda seed: Whole(), n_blocks=2, input_shape=(5,), name="own:Whole", frozen=frozen)


def network(*runs: tuple[str, int, int], frozen: bool = False) -> ModuleNetwork:
    """Networks of (kind, depth, seed)."""
    members = [run(kind, depth, seed=seed) for kind, depth, seed in runs]
    built = encoder(frozen)
    return ModuleNetwork(members, encoder=built, n_outputs=N_OUTPUTS, kinds=KINDS, dtype=torch.float64)


def step(networks: ModuleNetwork) -> Tensor:
    """One plain gradient step; the outputs before it."""
    x = torch.linspace(-1, 1, 5 * 6, dtype=torch.float64).view(1, 5, 6).expand(len(networks.seeds), -1, -1)
    outputs = networks.forward(x)
    networks.backward(x, outputs.clone())
    for t in networks.trained:
        t.value.sub_(0.1 * t.grad)
    networks.after_step()
    return outputs


@pytest.mark.parametrize("kind", MIXING)
def test_blocks_without_a_tensor_to_mix_are_refused_at_once(kind):
    """Else a search would end in a traceback out of somebody's forward pass."""
    with pytest.raises(InputError, match=r"block 1 of own:Whole gives no tensor"):
        network((kind, 1, 0))
    with pytest.raises(InputError, match=r"sharing\.kind"):
        network((kind, 2, 0))


@pytest.mark.parametrize("kind", [kind for kind in SHARINGS if kind not in MIXING])
def test_kinds_that_mix_nothing_take_any_block(kind):
    """Tuples, running statistics, dropout: a run keeps its own, whoever trains beside it."""
    for depth in (1, 2):
        together, alone = network((kind, depth, 0), (kind, depth, 1)), network((kind, depth, 0))
        for _ in range(3):
            both, one = step(together), step(alone)
            torch.testing.assert_close(both[: len(one)], one, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("kind", ["soft", "trace_norm", "decision"])
def test_frozen_blocks_stay_as_they_are(kind):
    """Pretrained features that a penalty shrinks would be features no more."""
    networks = network((kind, 2, 0), frozen=True)
    (module,) = (run.module for run in networks._runs)
    assert isinstance(module, ColumnsNetwork)
    before = [p.clone() for p in module.blocks.parameters()]
    step(networks)
    torch.testing.assert_close(list(module.blocks.parameters()), before, rtol=0, atol=0)
    assert all("heads" in t.name for t in networks.trained)
