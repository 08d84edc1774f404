"""Values of the gradient weightings by hand or by their defining conditions, and beside TorchJD."""

from __future__ import annotations

import builtins
import importlib.util
import sys
from typing import Any

import numpy as np
import pytest
import scipy.linalg
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from taskgroup.errors import MissingExtraError
from taskgroup.weighting import Gradients, Runs, make_gradient_weighting, require_packages
from taskgroup.weighting.mgda import shortest
from taskgroup.weighting.pcgrad import project

CONFLICT = [[1.0, -0.5], [-0.5, 4.0]]
"""Products of gradients of lengths 1 and 2 that point away from each other."""
ORTHOGONAL = [[1.0, 0.0], [0.0, 4.0]]


def tensor(values: Any) -> Tensor:
    return torch.tensor(values, dtype=torch.float64)


def products(seed: int, n_tasks: int, n: int | None = None) -> Tensor:
    """[1, T, T], of rank n."""
    rng = np.random.default_rng(seed)
    g = torch.tensor(rng.normal(size=(1, n_tasks, n or n_tasks + 2)) * np.exp(rng.normal(size=(n_tasks, 1))))
    return g @ g.transpose(1, 2)


def weights(text: str, gram: Any) -> Tensor:
    """Of one run, [T]."""
    gram = tensor(gram) if isinstance(gram, list) else gram
    gram = gram.view(1, *gram.shape[-2:])
    weighting = make_gradient_weighting(text)
    weighting.start(Runs((0,), (tuple(f"t{i}" for i in range(gram.shape[-1])),)))
    return weighting.weights(Gradients(gram, torch.ones(gram.shape[:2], dtype=torch.bool)))[0]


class TestGolden:
    """Two tasks, as the papers' formulas give them."""

    @pytest.mark.parametrize(
        ("text", "gram", "expected"),
        [
            ("pcgrad", CONFLICT, [1 + 0.5, 1 + 0.5 / 4]),
            ("pcgrad", ORTHOGONAL, [1, 1]),
            ("imtl_g", CONFLICT, [2 / 3, 1 / 3]),  # two tasks: inverse to their lengths, whatever the angle
            ("mgda", CONFLICT, [4.5 / 6, 1.5 / 6]),  # (g22 - g12) / (g11 + g22 - 2 g12)
            ("mgda", [[1.0, 2.0], [2.0, 5.0]], [1, 0]),  # the shorter one is the shortest in the hull
            ("aligned_mtl", ORTHOGONAL, [1, 0.5]),
            ('aligned_mtl {"scale": "median"}', [[1.0, 0, 0], [0, 4, 0], [0, 0, 9]], [2, 1, 2 / 3]),
            ('aligned_mtl {"scale": "rmse"}', ORTHOGONAL, [2.5**0.5, 2.5**0.5 / 2]),
        ],
    )
    def test_by_hand(self, text, gram, expected):
        torch.testing.assert_close(weights(text, gram), tensor(expected), rtol=1e-7, atol=1e-9)

    @pytest.mark.parametrize(
        ("text", "gram", "expected"),
        [
            ('cagrad {"c": 0.0}', CONFLICT, [1, 1]),
            ("upgrad", CONFLICT, [1 + 0.5, 1 + 0.5 / 4]),  # of two tasks each gets what PCGrad gives it
            ("fairgrad", ORTHOGONAL, [1, 0.5]),  # M w = 1 / w
            ('fairgrad {"alpha": 2.0}', ORTHOGONAL, [1, 4 ** (-2 / 3)]),  # M w = w^(-1/2)
            ("nash_mtl", ORTHOGONAL, [0.5**0.5, 0.5**0.5 / 2]),  # M w = 1 / w, at length 1
        ],
    )
    def test_by_solvers(self, text, gram, expected):
        pytest.importorskip("torchjd")
        torch.testing.assert_close(weights(text, gram), tensor(expected), rtol=2e-3, atol=2e-3)


class TestMGDA:
    @given(st.integers(0, 2**32), st.integers(2, 9), st.booleans(), st.booleans())
    def test_conditions_of_optimality(self, seed, n_tasks, dependent, aligned):
        """On the simplex, and no corner of the hull lies lower: these make it the shortest vector."""
        gram = products(seed, n_tasks, 2 if dependent else None)
        if aligned:
            gram = gram.abs() + gram @ gram
        found = weights("mgda", gram)
        slopes, squared = gram[0] @ found, found @ gram[0] @ found
        assert (found >= 0).all()
        assert found.sum() == pytest.approx(1.0)
        assert slopes.min() >= squared - 1e-8 * gram.diagonal(dim1=1, dim2=2).mean()

    def test_rounding_errors_of_single_precision_do_not_lead_astray(self):
        """Products that are not quite those of any gradients."""
        for seed in range(20):
            exact = products(seed, 6, 3)
            noisy = exact * (1 + 1e-7 * torch.randn(6, 6, generator=torch.Generator().manual_seed(seed)))
            noisy = (noisy + noisy.transpose(1, 2)) / 2
            found = shortest(noisy, torch.ones(1, 6, dtype=torch.bool), precision=1.2e-7)[0]
            squared = found @ exact[0] @ found
            assert (exact[0] @ found).min() >= squared - 1e-5 * exact.diagonal(dim1=1, dim2=2).mean()


@given(st.integers(0, 2**32), st.integers(2, 7))
def test_imtl_g_projects_equally(seed, n_tasks):
    """The definition: the common gradient is as long along every task's gradient; weights sum to 1."""
    gram = products(seed, n_tasks)
    found = weights("imtl_g", gram)
    along = (gram[0] @ found) / gram[0].diagonal().sqrt()
    torch.testing.assert_close(along, along.mean().expand_as(along), rtol=1e-6, atol=1e-6)
    assert found.sum() == pytest.approx(1.0)


@pytest.mark.parametrize(("scale", "of"), [("min", np.min), ("rmse", np.mean)])
@given(seed=st.integers(0, 2**32), n_tasks=st.integers(2, 6))
def test_aligned_gradients_have_condition_one(scale, of, seed, n_tasks):
    """The matrix square root of another library gives the alignment, and its condition is checked."""
    gram = products(seed, n_tasks)[0].numpy()
    alignment = np.sqrt(of(np.linalg.eigvalsh(gram))) * np.linalg.inv(scipy.linalg.sqrtm(gram).real)
    assert np.linalg.cond(alignment @ gram @ alignment) == pytest.approx(1.0, rel=1e-5)
    found = weights(f'aligned_mtl {{"scale": "{scale}"}}', torch.tensor(gram))
    torch.testing.assert_close(found.numpy(), alignment.sum(axis=1), rtol=1e-5, atol=1e-7)


class TestPCGrad:
    @given(st.integers(0, 2**32), st.integers(3, 6))
    def test_a_projected_gradient_does_not_conflict_with_the_last_one_met(self, seed, n_tasks):
        rng = np.random.default_rng(seed)
        g = torch.tensor(rng.normal(size=(n_tasks, n_tasks + 1)))
        order = torch.tensor(np.argsort(rng.random((1, n_tasks, n_tasks))))
        found = project((g @ g.t()).unsqueeze(0), order)[0]
        torch.testing.assert_close(found @ g, by_vectors(g, order[0]))

    def test_the_order_changes_with_the_step_and_repeats_with_the_seed(self):
        """An order that never changed would favour the tasks that come first."""
        gram, found = products(7, 6), {}
        for seed, number in ((0, 0), (0, 1), (1, 0), (0, 0)):
            weighting = make_gradient_weighting("pcgrad")
            weighting.start(Runs((seed,), (tuple("abcdef"),)))
            step = Gradients(gram, torch.ones(1, 6, dtype=torch.bool), number=number)
            one = weighting.weights(step)
            assert torch.equal(found.setdefault((seed, number), one), one)
        assert len({tuple(one[0].tolist()) for one in found.values()}) == 3


def by_vectors(g: Tensor, order: Tensor) -> Tensor:
    """Algorithm 1 on the gradients themselves."""
    total = torch.zeros_like(g[0])
    for i, gradient in enumerate(g):
        p = gradient.clone()
        for j in order[i].tolist():
            if j != i and p @ g[j] < 0:
                p -= (p @ g[j]) / (g[j] @ g[j]) * g[j]
        total += p
    return total


class TestGradNorm:
    def steps(self, text: str, *of: tuple[list[float], list[float]]) -> list[list[float]]:
        """Weights in steps with given gradient lengths and losses of two tasks."""
        weighting = make_gradient_weighting(text)
        weighting.start(Runs((0,), (("a", "b"),)))
        counts = torch.ones(1, 2, dtype=torch.bool)
        found = []
        for norms, losses in of:
            step = Gradients(tensor([ORTHOGONAL]), counts, norms=tensor([norms]), losses=tensor([losses]))
            found.append(weighting.weights(step)[0].tolist())
        return found

    def test_the_longer_gradient_is_held_back(self):
        """Lengths 1 and 3, mean 2: Adam's first step is the learning rate, up and down."""
        one, two = self.steps("gradnorm", ([1.0, 3.0], [5.0, 7.0]), ([1.0, 3.0], [5.0, 7.0]))
        assert one == [1.0, 1.0]
        assert two == pytest.approx([1.025, 0.975])

    def test_the_task_that_learns_slowly_is_pushed(self):
        """Equal lengths; the first loss halves, so that the second one's share of the rate is 4/3."""
        *_, found = self.steps(
            'gradnorm {"learning_rate": 0.1}', ([1.0, 1.0], [2.0, 2.0]), *[([1.0, 1.0], [1.0, 2.0])] * 2
        )
        assert found == pytest.approx([0.928, 1.072], abs=0.02)
        assert sum(found) == pytest.approx(2.0)

    def test_without_alpha_lengths_become_equal(self):
        *_, found = self.steps(
            'gradnorm {"alpha": 0.0, "learning_rate": 0.01}', *[([1.0, 3.0], [1.0, 1.0])] * 600
        )
        assert found == pytest.approx([1.5, 0.5], abs=0.05)


def random_gram(seed: int, n_tasks: int) -> Tensor:
    return products(seed, n_tasks)[0]


@pytest.mark.parametrize("n_tasks", [2, 3, 6])
@pytest.mark.parametrize("seed", range(3))
class TestBesideTorchJD:
    """The same published methods, written by others."""

    @pytest.fixture(autouse=True)
    def aggregation(self) -> Any:
        self.theirs = pytest.importorskip("torchjd.aggregation")

    def test_pcgrad(self, seed, n_tasks):
        gram = random_gram(seed, n_tasks)
        torch.manual_seed(seed)
        order = torch.stack([torch.randperm(n_tasks) for _ in range(n_tasks)])
        torch.manual_seed(seed)
        expected = self.theirs.PCGradWeighting()(gram)
        torch.testing.assert_close(project(gram.unsqueeze(0), order.unsqueeze(0))[0], expected)

    def test_imtl_g(self, seed, n_tasks):
        gram = random_gram(seed, n_tasks)
        expected = self.theirs.IMTLGWeighting()(gram)
        torch.testing.assert_close(weights("imtl_g", gram), expected, rtol=1e-5, atol=1e-7)

    @pytest.mark.parametrize("scale", ["min", "median", "rmse"])
    def test_aligned_mtl(self, seed, n_tasks, scale):
        gram = random_gram(seed, n_tasks)
        expected = self.theirs.AlignedMTLWeighting(scale_mode=scale)(gram) * n_tasks
        found = weights(f'aligned_mtl {{"scale": "{scale}"}}', gram)
        torch.testing.assert_close(found, expected, rtol=1e-6, atol=1e-8)

    def test_mgda(self, seed, n_tasks):
        gram = random_gram(seed, n_tasks)
        theirs = self.theirs.MGDAWeighting(epsilon=1e-12, max_iters=3000)(gram)
        ours = weights("mgda", gram)
        assert ours @ gram @ ours <= theirs @ gram @ theirs * (1 + 1e-9)
        torch.testing.assert_close(ours, theirs, rtol=0, atol=0.02)

    @pytest.mark.parametrize(
        ("text", "name", "settings", "is_mean"),
        [
            ("cagrad", "CAGradWeighting", {"c": 0.4}, True),
            ("upgrad", "UPGradWeighting", {}, True),
            ("fairgrad", "FairGradWeighting", {"alpha": 1.0}, False),
        ],
    )
    def test_those_that_it_solves(self, seed, n_tasks, text, name, settings, is_mean):
        gram = random_gram(seed, n_tasks)
        expected = getattr(self.theirs, name)(**settings)(gram) * (n_tasks if is_mean else 1)
        torch.testing.assert_close(weights(text, gram), expected, rtol=1e-3, atol=1e-3)

    @pytest.mark.filterwarnings("ignore")
    def test_nash_mtl(self, seed, n_tasks):
        gram = random_gram(seed, n_tasks)
        theirs = self.theirs.NashMTL(n_tasks, max_norm=1.0, update_weights_every=1, optim_niter=20)
        expected = theirs.weighting(torch.linalg.cholesky(gram))
        torch.testing.assert_close(weights("nash_mtl", gram), expected, rtol=2e-2, atol=1e-3)


@pytest.mark.parametrize("name", ["cagrad", "nash_mtl", "fairgrad", "upgrad"])
def test_a_missing_package_is_named_with_its_remedy(monkeypatch, name):
    """On use, and when a study is checked; not as a traceback from inside another library."""
    monkeypatch.setattr(importlib.util, "find_spec", lambda *_: None)
    monkeypatch.setattr(sys.modules["taskgroup.weighting.extra"], "find_spec", lambda *_: None)
    for use in (require_packages, make_gradient_weighting):
        with pytest.raises(MissingExtraError, match=r"pip install 'taskgroup\[gradients\]'"):
            use(name)


def test_other_weightings_need_no_package(monkeypatch):
    real = builtins.__import__

    def refuse(name: str, *args: Any, **more: Any) -> Any:
        if name.split(".")[0] in ("torchjd", "cvxpy"):
            raise ImportError(name)
        return real(name, *args, **more)

    monkeypatch.setattr(builtins, "__import__", refuse)
    for name in ("gradnorm", "pcgrad", "imtl_g", "aligned_mtl", "mgda"):
        make_gradient_weighting(name)
