"""Tables in, arrays ready for training out: sources, checks, splits without leaks, synthetic data."""

from taskgroup.data.bundled import BUNDLED
from taskgroup.data.column_uses import ColumnUse, guess_kind, guess_uses, target_like
from taskgroup.data.dataset import Dataset, Target
from taskgroup.data.generated import GENERATED
from taskgroup.data.inputs import ImageInputs, Inputs, TextInputs
from taskgroup.data.items import Items
from taskgroup.data.learnable import require_learnable
from taskgroup.data.load import dataset_from_memory, dataset_from_table, load_dataset, read_table
from taskgroup.data.prepare import Prepared, prepare
from taskgroup.data.repeats import Repeats
from taskgroup.data.split import Split
from taskgroup.data.split_kinds import draw_split
from taskgroup.data.suspicions import suspicions
from taskgroup.data.synthetic import independent_tasks, planted_groups
from taskgroup.data.table import Table

__all__ = [
    "BUNDLED",
    "GENERATED",
    "ColumnUse",
    "Dataset",
    "ImageInputs",
    "Inputs",
    "Items",
    "Prepared",
    "Repeats",
    "Split",
    "Table",
    "Target",
    "TextInputs",
    "dataset_from_memory",
    "dataset_from_table",
    "draw_split",
    "guess_kind",
    "guess_uses",
    "independent_tasks",
    "load_dataset",
    "planted_groups",
    "prepare",
    "read_table",
    "require_learnable",
    "suspicions",
    "target_like",
]
