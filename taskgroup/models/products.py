"""The matrix products of a cohort, by whichever installed library has the faster kernels.

torch multiplies with MKL, which uses AVX-512 on Intel's processors only. On others NumPy's OpenBLAS, where it
runs its AVX-512 kernels, needs less than half the time for products of this size. Both see the same memory.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np
import torch
from threadpoolctl import ThreadpoolController  # type: ignore[import-untyped]
from torch import Tensor

Product = Callable[[Tensor, Tensor, Tensor], Tensor]
"""Writes `a @ b` into its third argument and returns that: [n, O, I] times [n, I, B]."""

_AVX512_CORES = {"SkylakeX", "Cooperlake", "SapphireRapids"}  # OpenBLAS's names


def torch_product(a: Tensor, b: Tensor, out: Tensor) -> Tensor:
    """Multiply with torch: any device and precision."""
    return torch.bmm(a, b, out=out)


def numpy_product(a: Tensor, b: Tensor, out: Tensor) -> Tensor:
    """Multiply with NumPy: tensors in main memory, in their own precision."""
    with np.errstate(over="ignore", invalid="ignore"):  # runs that diverge are found by their weights
        np.matmul(a.numpy(), b.numpy(), out=out.numpy())
    return out


def fastest_product(device: str, precision: str) -> Product:
    """Choose by device, precision and machine; always the same on one machine.

    Args:
        device: Where the tensors live.
        precision: As in the study: `bfloat16` products exist in torch only.
    """
    if device == "cpu" and precision != "bfloat16" and _numpy_has_wider_kernels():
        return numpy_product
    return torch_product


@cache
def blas_libraries() -> ThreadpoolController:
    """The BLAS libraries of this process, to look at or to limit their threads."""
    return ThreadpoolController().select(user_api="blas")


@cache
def _numpy_has_wider_kernels() -> bool:
    cores = {library.get("architecture") for library in blas_libraries().info()}
    return bool(cores & _AVX512_CORES) and not _made_by_intel()


def _made_by_intel() -> bool:
    try:
        return "GenuineIntel" in Path("/proc/cpuinfo").read_text()
    except OSError:
        return True  # unknown: torch's own products are the safe choice
