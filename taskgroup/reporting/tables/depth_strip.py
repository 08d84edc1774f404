"""Affinity at several depths arranged for reading side by side."""

from __future__ import annotations

from dataclasses import replace

from taskgroup.affinity import AffinityByDepth
from taskgroup.reporting.gain_unit import SHARE_OF_ERROR, GainUnit
from taskgroup.reporting.tables.heatmap import HeatmapTable, heatmap_table


def depth_strip_tables(
    found: AffinityByDepth, order: list[str], *, unit: GainUnit = SHARE_OF_ERROR
) -> dict[int, HeatmapTable]:
    """One table a depth, with one range of colours.

    Args:
        found: The matrices.
        order: Of rows and columns in all of them.
        unit: What gains are measured in.
    """
    tables = {
        depth: heatmap_table(matrix, unit=unit, order=order) for depth, matrix in found.matrices.items()
    }
    limit = max(table.limit for table in tables.values())
    clipped = any(bool((table.estimate.abs() > limit).to_numpy().any()) for table in tables.values())
    return {depth: replace(table, limit=limit, clipped=clipped) for depth, table in tables.items()}
