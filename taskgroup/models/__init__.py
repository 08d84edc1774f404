"""Encoders as lists of blocks, the ways in which tasks share them, and the networks of a cohort."""

from taskgroup.models.catalog import BLOCKS, make_encoder
from taskgroup.models.encoder import Blocks, Encoder
from taskgroup.models.forest import RunForest, run_forest
from taskgroup.models.gradient_reversal import Reversal, gradient_factor, layer_factors, scale_gradient
from taskgroup.models.initial import initial_block, initial_head
from taskgroup.models.module_network import ModuleNetwork
from taskgroup.models.modules import Modules
from taskgroup.models.network import Network, PartedBackward, Trained
from taskgroup.models.products import (
    Product,
    blas_libraries,
    fastest_product,
    numpy_product,
    torch_product,
)
from taskgroup.models.run_network import RunNetwork
from taskgroup.models.run_weights import HasPlainTwin, run_weights
from taskgroup.models.sharing import SHARINGS, ColumnsNetwork, StackedColumns, in_columns
from taskgroup.models.stacked_cnn import StackedCnn
from taskgroup.models.stacked_linear import StackedLinear
from taskgroup.models.stacked_mlp import StackedMLP
from taskgroup.models.wiring import Heads, Layer, Wiring, apart, wire

__all__ = [
    "BLOCKS",
    "SHARINGS",
    "Blocks",
    "ColumnsNetwork",
    "Encoder",
    "HasPlainTwin",
    "Heads",
    "Layer",
    "ModuleNetwork",
    "Modules",
    "Network",
    "PartedBackward",
    "Product",
    "Reversal",
    "RunForest",
    "RunNetwork",
    "StackedCnn",
    "StackedColumns",
    "StackedLinear",
    "StackedMLP",
    "Trained",
    "Wiring",
    "apart",
    "blas_libraries",
    "fastest_product",
    "gradient_factor",
    "in_columns",
    "initial_block",
    "initial_head",
    "layer_factors",
    "make_encoder",
    "numpy_product",
    "run_forest",
    "run_weights",
    "scale_gradient",
    "torch_product",
    "wire",
]
