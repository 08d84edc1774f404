"""Kinds that mix columns: what they compute, against the formulas written out for one run."""

from __future__ import annotations

from functools import partial

import torch
from column_cases import case
from torch import Tensor

from taskgroup.models.sharing.gates import _FEW_PRODUCTS, weighted_sums


def test_cross_stitch():
    """Every task reads its row of alpha, and private blocks are not mixed."""
    c = case("cross_stitch", 2)
    h = [c.x] * 3
    for level in (0, 1):
        out, alpha = [c.block(level, t, h[t]) for t in range(3)], c.parts[f"alpha {level}"]
        h = [sum(alpha[t, u] * out[u] for u in range(3)) for t in range(3)]
    c.check([c.head(t, c.block(2, t, h[t])) for t in range(3)])


def _sluice(subspaces: list[list[int]], depth: int, sizes: tuple[int, ...]) -> None:
    n_parts = len(subspaces)
    c = case(f'sluice {{"subspaces": {n_parts}}}', depth, sizes)
    h, layers = [c.x] * 3, []
    for level in range(depth):
        out, alpha = [c.block(level, t, h[t]) for t in range(3)], c.parts[f"alpha {level}"]
        h = [torch.zeros_like(out[0]) for _ in range(3)]
        for t in range(3):
            for s, own in enumerate(subspaces):
                for u in range(3):
                    for v, other in enumerate(subspaces):
                        n = min(len(own), len(other))
                        h[t][own[:n]] += alpha[t * n_parts + s, u * n_parts + v] * out[u][other[:n]]
        layers.append(h)
    beta = c.parts["beta"]
    alike = [layer for level, layer in enumerate(layers) if sizes[level + 1] == sizes[depth]]
    assert beta.shape == (3, len(alike))
    mixed = [sum(beta[t, i] * layer[t] for i, layer in enumerate(alike)) for t in range(3)]
    for level in range(depth, len(sizes) - 1):
        mixed = [c.block(level, t, mixed[t]) for t in range(3)]
    c.check([c.head(t, mixed[t]) for t in range(3)])


def test_sluice_with_equal_layers():
    """Subspaces of all tasks are mixed, and the outputs of both layers reach the end."""
    _sluice([[0, 1, 2], [3, 4, 5]], depth=2, sizes=(5, 6, 6, 4))


def test_sluice_with_a_width_that_subspaces_do_not_divide():
    """Narrower subspaces neither lose features nor gain any, and a single layer is still scaled by beta."""
    _sluice([[0, 1, 2, 3], [4, 5, 6]], depth=1, sizes=(5, 7, 4))


def _gated(weights: Tensor, read: Tensor, experts: list[Tensor]) -> Tensor:
    shares = (weights @ read).softmax(dim=0)
    return sum(shares[e] * expert for e, expert in enumerate(experts))  # type: ignore[return-value]


def test_mmoe():
    """A gate a task, on the input, over experts of two blocks."""
    c = case('mmoe {"experts": 4}', 2)
    experts = [c.block(1, e, c.block(0, e, c.x)) for e in range(4)]
    mixed = [_gated(c.parts["gate"][t], c.x, experts) for t in range(3)]
    c.check([c.head(t, c.block(2, t, mixed[t])) for t in range(3)])


def test_cgc():
    """A task hears the shared experts and its own, and no other task's."""
    c = case('cgc {"shared": 2, "own": 2}', 2)
    experts = [c.block(1, e, c.block(0, e, c.x)) for e in range(8)]
    heard = [[0, 1, 2, 3], [0, 1, 4, 5], [0, 1, 6, 7]]
    mixed = [_gated(c.parts["gate"][t], c.x, [experts[e] for e in heard[t]]) for t in range(3)]
    c.check([c.head(t, c.block(2, t, mixed[t])) for t in range(3)])


def test_ple():
    """Gates on the input, gates in the middle that read mixtures, and the tasks' gates at last."""
    c = case('ple {"shared": 2, "own": 1}', 3)
    heard = [[0, 1, 2], [0, 1, 3], [0, 1, 4]]
    shared, own = c.x, [c.x] * 3
    for level in range(3):
        experts = [c.block(level, e, shared) for e in (0, 1)]
        experts += [c.block(level, 2 + t, own[t]) for t in range(3)]
        gates = c.parts[f"gate {level}"]
        mixed = [_gated(gates[t], own[t], [experts[e] for e in heard[t]]) for t in range(3)]
        if level < 2:
            shared = _gated(c.parts[f"shared gate {level}"][0], shared, experts)
        own = mixed
    assert "shared gate 2" not in c.parts
    c.check([c.head(t, own[t]) for t in range(3)])


def test_ple_with_several_own_experts_and_none():
    """The columns that gates read must be the ones that their experts have read."""
    c = case('ple {"shared": 1, "own": 2}', 2)
    experts = [c.block(0, e, c.x) for e in range(7)]
    heard = [[0, 1, 2], [0, 3, 4], [0, 5, 6]]
    own = [_gated(c.parts["gate 0"][t], c.x, [experts[e] for e in heard[t]]) for t in range(3)]
    shared = _gated(c.parts["shared gate 0"][0], c.x, experts)
    experts = [c.block(1, 0, shared), *(c.block(1, 1 + e, own[e // 2]) for e in range(6))]
    mixed = [_gated(c.parts["gate 1"][t], own[t], [experts[e] for e in heard[t]]) for t in range(3)]
    c.check([c.head(t, c.block(2, t, mixed[t])) for t in range(3)])

    c = case('ple {"shared": 2, "own": 0}', 2)
    assert "gate 0" not in c.parts  # nobody would read it
    shared = _gated(c.parts["shared gate 0"][0], c.x, [c.block(0, e, c.x) for e in (0, 1)])
    experts = [c.block(1, e, shared) for e in (0, 1)]
    mixed = [_gated(c.parts["gate 1"][t], shared, experts) for t in range(3)]
    c.check([c.head(t, c.block(2, t, mixed[t])) for t in range(3)])


def test_many_gates_and_few_give_the_same():
    """Large cohorts are computed by matrix products, small ones without."""
    generator = torch.Generator().manual_seed(1)
    draw = partial(torch.randn, generator=generator, dtype=torch.float64)
    shares, experts = draw(40, 4, 4, 30), draw(40, 4, 5, 6, 30)
    assert shares[0].numel() * 30 <= _FEW_PRODUCTS < shares.numel() * 30
    alone = [weighted_sums(shares[r : r + 1], experts[r : r + 1]) for r in range(40)]
    torch.testing.assert_close(weighted_sums(shares, experts), torch.cat(alone))
