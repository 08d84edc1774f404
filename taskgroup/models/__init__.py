"""Encoders as lists of blocks, stacked over the runs of a cohort."""

from taskgroup.models.initial import initial_block, initial_head
from taskgroup.models.stacked_linear import StackedLinear
from taskgroup.models.stacked_mlp import StackedMLP
from taskgroup.models.wiring import Layer, Wiring, wire

__all__ = ["Layer", "StackedLinear", "StackedMLP", "Wiring", "initial_block", "initial_head", "wire"]
