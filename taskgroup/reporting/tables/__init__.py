"""The data under each picture and paragraph of the report: outcome in, plain tables out."""

from taskgroup.reporting.tables.baseline_size import baseline_size_table
from taskgroup.reporting.tables.depth_strip import depth_strip_tables
from taskgroup.reporting.tables.estimators import estimator_table
from taskgroup.reporting.tables.gains import gain_table
from taskgroup.reporting.tables.groups import group_table
from taskgroup.reporting.tables.headline import Claim, claims
from taskgroup.reporting.tables.heatmap import Cell, Evidence, HeatmapTable, heatmap_table
from taskgroup.reporting.tables.negative_transfer import negative_transfer_table, tested
from taskgroup.reporting.tables.reliability import reliability_table
from taskgroup.reporting.tables.stages import failure_table, stage_table
from taskgroup.reporting.tables.ways import ways_table

__all__ = [
    "Cell",
    "Claim",
    "Evidence",
    "HeatmapTable",
    "baseline_size_table",
    "claims",
    "depth_strip_tables",
    "estimator_table",
    "failure_table",
    "gain_table",
    "group_table",
    "heatmap_table",
    "negative_transfer_table",
    "reliability_table",
    "stage_table",
    "tested",
    "ways_table",
]
