"""Encoders as lists of blocks, stacked over the runs of a cohort."""

from taskgroup.models.catalog import BLOCKS, make_encoder
from taskgroup.models.encoder import Blocks, Encoder
from taskgroup.models.initial import initial_block, initial_head
from taskgroup.models.module_network import ModuleNetwork
from taskgroup.models.modules import Modules
from taskgroup.models.network import Network, Trained
from taskgroup.models.products import (
    Product,
    blas_libraries,
    fastest_product,
    numpy_product,
    torch_product,
)
from taskgroup.models.run_network import RunNetwork
from taskgroup.models.sharing import SHARINGS, ColumnsNetwork, StackedColumns, in_columns
from taskgroup.models.stacked_cnn import StackedCnn
from taskgroup.models.stacked_linear import StackedLinear
from taskgroup.models.stacked_mlp import StackedMLP
from taskgroup.models.wiring import Layer, Wiring, wire

__all__ = [
    "BLOCKS",
    "SHARINGS",
    "Blocks",
    "ColumnsNetwork",
    "Encoder",
    "Layer",
    "ModuleNetwork",
    "Modules",
    "Network",
    "Product",
    "RunNetwork",
    "StackedCnn",
    "StackedColumns",
    "StackedLinear",
    "StackedMLP",
    "Trained",
    "Wiring",
    "blas_libraries",
    "fastest_product",
    "in_columns",
    "initial_block",
    "initial_head",
    "make_encoder",
    "numpy_product",
    "torch_product",
    "wire",
]
