"""Kinds of sharing over columns of blocks: copies that are mixed, gated or drawn together."""

from taskgroup.models.sharing.catalog import SHARINGS, in_columns, make_kind
from taskgroup.models.sharing.kind import Copy, Extra, Kind, Outline
from taskgroup.models.sharing.run_columns import ColumnsNetwork
from taskgroup.models.sharing.stacked import StackedColumns

__all__ = [
    "SHARINGS",
    "ColumnsNetwork",
    "Copy",
    "Extra",
    "Kind",
    "Outline",
    "StackedColumns",
    "in_columns",
    "make_kind",
]
