"""Targets of auxiliary tasks that are made of other columns: one way a file, listed in the catalog."""

from taskgroup.data.derived.catalog import DERIVATIONS
from taskgroup.data.derived.sources import Sources

__all__ = ["DERIVATIONS", "Sources"]
