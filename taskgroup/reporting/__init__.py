"""From tables to pictures to one page; and the grouping as a file.

Plotly and matplotlib load when something is drawn, so that importing this package stays cheap.
"""

from taskgroup.reporting.atomic import write_atomically
from taskgroup.reporting.export import ExportFormat, export_grouping, read_export, write_export
from taskgroup.reporting.figures import (
    gain_figure,
    group_figure,
    heatmap_figure,
    reliability_figure,
    stage_figure,
)
from taskgroup.reporting.gain_unit import GainUnit, gain_unit
from taskgroup.reporting.heatmap_file import write_heatmap
from taskgroup.reporting.page import render_page
from taskgroup.reporting.report import ReportPaths, write_report
from taskgroup.reporting.tables import (
    HeatmapTable,
    baseline_size_table,
    gain_table,
    group_table,
    heatmap_table,
    negative_transfer_table,
    reliability_table,
    stage_table,
)

__all__ = [
    "ExportFormat",
    "GainUnit",
    "HeatmapTable",
    "ReportPaths",
    "baseline_size_table",
    "export_grouping",
    "gain_figure",
    "gain_table",
    "gain_unit",
    "group_figure",
    "group_table",
    "heatmap_figure",
    "heatmap_table",
    "negative_transfer_table",
    "read_export",
    "reliability_figure",
    "reliability_table",
    "render_page",
    "stage_figure",
    "stage_table",
    "write_atomically",
    "write_export",
    "write_heatmap",
    "write_report",
]
