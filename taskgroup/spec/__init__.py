"""What to run and what came back: tasks, subsets, runs, results and the study; free of torch."""

from taskgroup.spec.capacity import capacity_of_cost, encoder_products, matched_capacity, scaled_widths
from taskgroup.spec.command import PLACEHOLDERS, command_words, filled_words
from taskgroup.spec.data_section import IN_MEMORY, DataSpec, SplitSpec
from taskgroup.spec.duration import parse_duration
from taskgroup.spec.encoders import ENCODERS, OWN_CODE
from taskgroup.spec.grouping_section import GroupingSpec
from taskgroup.spec.inputs import ImageSpec, InputKind, TextSpec
from taskgroup.spec.load import parse_study, read_study
from taskgroup.spec.metric import ERROR_FLOOR, KINDS, METRICS, Direction, Kind, Metric, metric_for
from taskgroup.spec.model import InputShape, ModelSpec, block_products
from taskgroup.spec.run import SPLITS, RunResult, RunSpec, Score, Sharing, Split
from taskgroup.spec.sampling import (
    MainTaskSampling,
    SamplingSpec,
    Schedule,
    TemperatureSampling,
    ValidationSampling,
    sampling_from_text,
    sampling_text,
)
from taskgroup.spec.search_section import SearchSpec
from taskgroup.spec.study import Study
from taskgroup.spec.task import SEPARATOR, Subset, Task, subset_from_name, subset_name
from taskgroup.spec.trainer import TrainerSpec
from taskgroup.spec.training_section import TrainingSpec

__all__ = [
    "ENCODERS",
    "ERROR_FLOOR",
    "IN_MEMORY",
    "KINDS",
    "METRICS",
    "OWN_CODE",
    "PLACEHOLDERS",
    "SEPARATOR",
    "SPLITS",
    "DataSpec",
    "Direction",
    "GroupingSpec",
    "ImageSpec",
    "InputKind",
    "InputShape",
    "Kind",
    "MainTaskSampling",
    "Metric",
    "ModelSpec",
    "RunResult",
    "RunSpec",
    "SamplingSpec",
    "Schedule",
    "Score",
    "SearchSpec",
    "Sharing",
    "Split",
    "SplitSpec",
    "Study",
    "Subset",
    "Task",
    "TemperatureSampling",
    "TextSpec",
    "TrainerSpec",
    "TrainingSpec",
    "ValidationSampling",
    "block_products",
    "capacity_of_cost",
    "command_words",
    "encoder_products",
    "filled_words",
    "matched_capacity",
    "metric_for",
    "parse_duration",
    "parse_study",
    "read_study",
    "sampling_from_text",
    "sampling_text",
    "scaled_widths",
    "subset_from_name",
    "subset_name",
]
