"""Both libraries must multiply alike, or results would depend on the machine beyond rounding."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from taskgroup.models import fastest_product, numpy_product, torch_product


def matrices(*shape: int, seed: int) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


@pytest.mark.parametrize("product", [torch_product, numpy_product])
@pytest.mark.parametrize("n", [1, 3])
def test_products_of_plain_turned_and_cut_out_matrices(product, n):
    """Layers multiply transposed weights, batches cut out of an epoch and parts of larger buffers."""
    a, b = matrices(n, 4, 5, seed=0), matrices(n, 5, 9, seed=1)[:, :, 2:8]
    out = matrices(n + 2, 4, 6, seed=2)
    turned = a.transpose(1, 2).contiguous().transpose(1, 2)
    for left in (a, turned):
        found = product(left, b, out[1 : n + 1])
        torch.testing.assert_close(found, torch.einsum("nij,njk->nik", a, b))
        torch.testing.assert_close(out[1 : n + 1], found, rtol=0, atol=0)


@pytest.mark.parametrize(("device", "precision"), [("cuda", "float32"), ("cpu", "bfloat16")])
def test_what_numpy_cannot_do_stays_with_torch(device, precision):
    assert fastest_product(device, precision) is torch_product
