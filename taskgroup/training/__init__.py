"""Runs in, results out: cohorts, the step, the loop and the scores."""

from taskgroup.training.cohort import Cohort
from taskgroup.training.kept_weights import KeptWeights, read_kept
from taskgroup.training.lessons import Lessons
from taskgroup.training.linearisation import Examples, Linearised
from taskgroup.training.loop import train_cohort
from taskgroup.training.metrics import score
from taskgroup.training.network_flops import network_flops, training_flops
from taskgroup.training.own_rows import Moments, OwnRowsData, Pool, own_rows_data
from taskgroup.training.packing import RowsOfRun, cache_size, pack, run_bytes
from taskgroup.training.probes import JointProbe, probe_joint_training
from taskgroup.training.seed_data import Part, SeedData, seed_data
from taskgroup.training.shapes import Shapes
from taskgroup.training.trainer import Trainer

__all__ = [
    "Cohort",
    "Examples",
    "JointProbe",
    "KeptWeights",
    "Lessons",
    "Linearised",
    "Moments",
    "OwnRowsData",
    "Part",
    "Pool",
    "RowsOfRun",
    "SeedData",
    "Shapes",
    "Trainer",
    "cache_size",
    "network_flops",
    "own_rows_data",
    "pack",
    "probe_joint_training",
    "read_kept",
    "run_bytes",
    "score",
    "seed_data",
    "train_cohort",
    "training_flops",
]
