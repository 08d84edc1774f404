"""Runs in, results out: cohorts, the step, the loop and the scores."""

from taskgroup.training.cohort import Cohort, Shapes
from taskgroup.training.loop import train_cohort
from taskgroup.training.packing import cache_size, pack, run_bytes
from taskgroup.training.seed_data import Part, SeedData, seed_data
from taskgroup.training.trainer import Trainer

__all__ = [
    "Cohort",
    "Part",
    "SeedData",
    "Shapes",
    "Trainer",
    "cache_size",
    "pack",
    "run_bytes",
    "seed_data",
    "train_cohort",
]
