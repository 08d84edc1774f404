"""What to run and what came back: tasks, subsets, runs, results and the study; free of torch."""

from taskgroup.spec.capacity import encoder_products, matched_capacity, scaled_widths
from taskgroup.spec.load import parse_study, read_study
from taskgroup.spec.metric import ERROR_FLOOR, KINDS, METRICS, Direction, Kind, Metric, metric_for
from taskgroup.spec.run import SPLITS, RunResult, RunSpec, Score, Sharing, Split
from taskgroup.spec.sampling import SamplingSpec, TemperatureSampling
from taskgroup.spec.study import (
    DataSpec,
    GroupingSpec,
    ModelSpec,
    SearchSpec,
    SplitSpec,
    Study,
    TrainingSpec,
    parse_duration,
)
from taskgroup.spec.task import SEPARATOR, Subset, Task, subset_from_name, subset_name

__all__ = [
    "ERROR_FLOOR",
    "KINDS",
    "METRICS",
    "SEPARATOR",
    "SPLITS",
    "DataSpec",
    "Direction",
    "GroupingSpec",
    "Kind",
    "Metric",
    "ModelSpec",
    "RunResult",
    "RunSpec",
    "SamplingSpec",
    "Score",
    "SearchSpec",
    "Sharing",
    "Split",
    "SplitSpec",
    "Study",
    "Subset",
    "Task",
    "TemperatureSampling",
    "TrainingSpec",
    "encoder_products",
    "matched_capacity",
    "metric_for",
    "parse_duration",
    "parse_study",
    "read_study",
    "scaled_widths",
    "subset_from_name",
    "subset_name",
]
