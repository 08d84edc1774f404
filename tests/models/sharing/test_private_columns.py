"""Kinds whose columns are not mixed: what they compute, and how weights are drawn together after a step."""

from __future__ import annotations

import pytest
import torch
from column_cases import case

from taskgroup.models.sharing import Outline, make_kind
from taskgroup.models.sharing.trace_norm import shrunk
from taskgroup.spec import Sharing

RATES = torch.tensor([0.1, 0.5], dtype=torch.float64)


def draw(*shape: int) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(3), dtype=torch.float64)


def outline(depth: int = 1) -> Outline:
    return Outline(3, depth, ((5,), (4,), (4,)))


@pytest.mark.parametrize("kind", ["soft", "trace_norm"])
def test_forward_of_separate_encoders(kind):
    c = case(kind, 2)
    h = [c.block(2, t, c.block(1, t, c.block(0, t, c.x))) for t in range(3)]
    c.check([c.head(t, h[t]) for t in range(3)])


@pytest.mark.parametrize(("head", "heads"), [("own", (0, 1, 2)), ("shared", (0, 1, 1))])
def test_decision(head, heads):
    """The first block is private, the others are one for all; binary tasks may share a head."""
    c = case(f'decision {{"head": "{head}"}}', 2)
    h = [c.block(2, 0, c.block(1, 0, c.block(0, t, c.x))) for t in range(3)]
    c.check([c.head(place, h[t]) for t, place in enumerate(heads)])


class TestSoft:
    def moved(self, strength: float, weights: torch.Tensor, centre: torch.Tensor) -> torch.Tensor:
        kind = make_kind(Sharing(f'soft {{"strength": {strength}}}', 1), outline())
        return kind.moved(0, [weights], [centre], RATES)[0]

    def test_a_copy_moves_to_where_the_penalty_and_its_distance_balance(self):
        """The exact proximal step: the least of eta·(lambda/T)·|a-z|^2 + |a-a_0|^2/2, for each run's eta."""
        weights, centre = draw(2, 3, 4, 5), draw(2, 1, 4, 5) + 1.0
        found = self.moved(6.0, weights, centre)
        a = found.clone().requires_grad_()
        pull = (RATES.view(2, 1, 1, 1) * 6.0 / 3 * (a - centre).square()).sum()
        (pull + 0.5 * (a - weights).square().sum()).backward()
        assert a.grad is not None
        torch.testing.assert_close(a.grad, torch.zeros_like(a), atol=1e-12, rtol=0)

    def test_fixed_points_are_those_of_the_penalised_losses(self):
        """With plain gradient steps the copies end where the sum of quadratic losses and penalty is least."""
        targets, curvatures = draw(1, 3, 6), torch.tensor([1.0, 2.0, 0.5], dtype=torch.float64).view(1, 3, 1)
        strength, rate = 3.0, 0.05
        copies, centre = torch.zeros_like(targets), torch.zeros(1, 1, 6, dtype=torch.float64)
        kind = make_kind(Sharing(f'soft {{"strength": {strength}}}', 1), outline())
        for _ in range(4000):
            gradient = 2.0 * curvatures * (copies - targets)
            copies = copies - rate * gradient
            centre = centre - rate * gradient.sum(dim=1, keepdim=True)
            (copies,) = kind.moved(0, [copies], [centre], torch.tensor([rate], dtype=torch.float64))
        a = copies.clone().requires_grad_()
        mean = a.mean(dim=1, keepdim=True)
        loss = (curvatures * (a - targets).square()).sum() + strength / 3 * (a - mean).square().sum()
        loss.backward()
        assert a.grad is not None
        torch.testing.assert_close(a.grad, torch.zeros_like(a), atol=1e-9, rtol=0)
        torch.testing.assert_close(centre, mean.detach(), atol=1e-9, rtol=0)


class TestTraceNorm:
    def test_singular_values_are_lessened_by_the_threshold(self):
        rows = draw(2, 3, 40)
        thresholds = torch.tensor([1.0, 6.5], dtype=torch.float64)
        u, s, v = torch.linalg.svd(rows, full_matrices=False)
        expected = u @ torch.diag_embed((s - thresholds.unsqueeze(1)).clamp(min=0)) @ v
        torch.testing.assert_close(shrunk(rows, thresholds), expected, rtol=1e-10, atol=1e-10)

    def test_single_precision_keeps_small_differences(self):
        """Copies start equal: what tells them apart is a thousandth of what they have in common."""
        common = draw(1, 1, 400).expand(1, 3, 400)
        rows = (common + 1e-4 * draw(1, 3, 400)).float()
        u, s, v = torch.linalg.svd(rows.double(), full_matrices=False)
        thresholds = s[:, 1] / 2
        expected = u @ torch.diag_embed((s - thresholds.unsqueeze(1)).clamp(min=0)) @ v
        found = shrunk(rows, thresholds.float()).double()
        assert float(torch.linalg.matrix_norm(found - expected, 2)) < 0.02 * float(s[0, 1])

    def test_a_block_is_shrunk_as_one_matrix(self):
        """Weights and biases of a copy are one row."""
        weights = [draw(2, 3, 4, 5), draw(2, 3, 4)]
        kind = make_kind(Sharing('trace_norm {"strength": 2.0}', 1), outline())
        moved = kind.moved(0, weights, [], RATES)
        expected = shrunk(torch.cat([w.flatten(2) for w in weights], dim=2), 2.0 * RATES)
        torch.testing.assert_close(torch.cat([w.flatten(2) for w in moved], dim=2), expected)

    def test_a_diverged_run_stays_so_and_harms_nobody(self):
        """Weights that overflow must not come back as zeros, which would pass for a trained network."""
        rows = draw(2, 3, 8)
        expected = shrunk(rows, torch.ones(2, dtype=torch.float64))[1]
        rows[0, 0, 0] = 1e200
        found = shrunk(rows, torch.ones(2, dtype=torch.float64))
        assert not found[0].isfinite().any()
        torch.testing.assert_close(found[1], expected)


class TestOrthogonality:
    def penalty(self, weight: torch.Tensor) -> torch.Tensor:
        """The sum over pairs of subspaces, for each run and task."""
        one, two, three = weight[:, :, :2], weight[:, :, 2:4], weight[:, :, 4:]
        pairs = ((one, two), (one, three), (two, three))
        return sum((a @ b.mT).square().sum(dim=(2, 3)) for a, b in pairs)  # type: ignore[return-value]

    def moved(self, strength: float, weight: torch.Tensor) -> torch.Tensor:
        sharing = Sharing(f'sluice {{"orthogonality": {strength}, "subspaces": 3}}', 1)
        kind = make_kind(sharing, Outline(3, 1, ((4,), (5,))))
        return kind.moved(0, [weight, draw(2, 3, 5)], [], RATES)[0]

    def test_a_weak_one_takes_a_gradient_step(self):
        weight = draw(2, 3, 5, 4).requires_grad_()
        self.penalty(weight).sum().backward()
        assert weight.grad is not None
        expected = weight.detach() - 1e-4 * RATES.view(2, 1, 1, 1) * weight.grad
        torch.testing.assert_close(self.moved(1e-4, weight.detach()), expected)

    def test_a_strong_one_never_overshoots(self):
        """Else one setting of a search would make every run diverge."""
        weight = 10.0 * draw(2, 3, 5, 4)
        for _ in range(20):
            before, weight = self.penalty(weight), self.moved(1e9, weight)
            assert (self.penalty(weight) < before).all()

    def test_biases_are_left_alone(self):
        kind = make_kind(Sharing('sluice {"orthogonality": 1.0}', 1), Outline(3, 1, ((4,), (5,))))
        bias = draw(2, 3, 5)
        assert kind.moved(0, [draw(2, 3, 5, 4), bias], [], RATES)[1] is bias
