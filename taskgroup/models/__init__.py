"""Encoders as lists of blocks, stacked over the runs of a cohort."""

from taskgroup.models.initial import initial_block, initial_head
from taskgroup.models.products import (
    Product,
    blas_libraries,
    fastest_product,
    numpy_product,
    torch_product,
)
from taskgroup.models.stacked_linear import StackedLinear
from taskgroup.models.stacked_mlp import StackedMLP
from taskgroup.models.wiring import Layer, Wiring, wire

__all__ = [
    "Layer",
    "Product",
    "StackedLinear",
    "StackedMLP",
    "Wiring",
    "blas_libraries",
    "fastest_product",
    "initial_block",
    "initial_head",
    "numpy_product",
    "torch_product",
    "wire",
]
