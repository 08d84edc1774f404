"""What to run and what came back: tasks, subsets, runs, results and the study; free of torch."""

from taskgroup.spec.capacity import capacity_of_cost, encoder_products, matched_capacity, scaled_widths
from taskgroup.spec.command import PLACEHOLDERS, command_words, filled_words
from taskgroup.spec.data_section import IN_MEMORY, DataSpec, SplitSpec
from taskgroup.spec.derive import DeriveSpec
from taskgroup.spec.distillation_facts import (
    DISTILLATION_FACTS,
    NO_DISTILLATION,
    Distillation,
    DistillationFacts,
    read_distillations,
    settled,
    teachers_of,
    unsettled,
)
from taskgroup.spec.duration import parse_duration
from taskgroup.spec.encoders import ENCODERS, OWN_CODE
from taskgroup.spec.grouping_section import GroupingSpec
from taskgroup.spec.inputs import ImageSpec, InputKind, TextSpec
from taskgroup.spec.load import parse_study, read_study
from taskgroup.spec.method import Method, Option
from taskgroup.spec.metric import ERROR_FLOOR, KINDS, METRICS, Direction, Kind, Metric, metric_for
from taskgroup.spec.model import InputShape, ModelSpec, block_products
from taskgroup.spec.roles import quantised_column
from taskgroup.spec.run import SPLITS, RunResult, RunSpec, Score, Sharing, Split
from taskgroup.spec.sampling import (
    MainTaskSampling,
    SamplingSpec,
    Schedule,
    TemperatureSampling,
    ValidationSampling,
    sampling_from_text,
    sampling_in_words,
    sampling_text,
)
from taskgroup.spec.search_section import SearchSpec
from taskgroup.spec.sharing_kinds import SHARING_KINDS, SharingFacts, branch_of
from taskgroup.spec.study import Study
from taskgroup.spec.task import SEPARATOR, Subset, Task, main_tasks, subset_from_name, subset_name
from taskgroup.spec.trainer import TrainerSpec
from taskgroup.spec.training_section import TrainingSpec
from taskgroup.spec.weighting_facts import TUNED, WEIGHTING_FACTS, WeightingFacts

__all__ = [
    "DISTILLATION_FACTS",
    "ENCODERS",
    "ERROR_FLOOR",
    "IN_MEMORY",
    "KINDS",
    "METRICS",
    "NO_DISTILLATION",
    "OWN_CODE",
    "PLACEHOLDERS",
    "SEPARATOR",
    "SHARING_KINDS",
    "SPLITS",
    "TUNED",
    "WEIGHTING_FACTS",
    "DataSpec",
    "DeriveSpec",
    "Direction",
    "Distillation",
    "DistillationFacts",
    "GroupingSpec",
    "ImageSpec",
    "InputKind",
    "InputShape",
    "Kind",
    "MainTaskSampling",
    "Method",
    "Metric",
    "ModelSpec",
    "Option",
    "RunResult",
    "RunSpec",
    "SamplingSpec",
    "Schedule",
    "Score",
    "SearchSpec",
    "Sharing",
    "SharingFacts",
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
    "WeightingFacts",
    "block_products",
    "branch_of",
    "capacity_of_cost",
    "command_words",
    "encoder_products",
    "filled_words",
    "main_tasks",
    "matched_capacity",
    "metric_for",
    "parse_duration",
    "parse_study",
    "quantised_column",
    "read_distillations",
    "read_study",
    "sampling_from_text",
    "sampling_in_words",
    "sampling_text",
    "scaled_widths",
    "settled",
    "subset_from_name",
    "subset_name",
    "teachers_of",
    "unsettled",
]
