"""The pictures of the report as plotly figures; each draws one table and computes nothing."""

from taskgroup.reporting.figures.depth_strip import depth_strip_figure
from taskgroup.reporting.figures.gains import gain_figure
from taskgroup.reporting.figures.groups import group_figure
from taskgroup.reporting.figures.heatmap import heatmap_figure
from taskgroup.reporting.figures.reliability import reliability_figure
from taskgroup.reporting.figures.stages import stage_figure

__all__ = [
    "depth_strip_figure",
    "gain_figure",
    "group_figure",
    "heatmap_figure",
    "reliability_figure",
    "stage_figure",
]
