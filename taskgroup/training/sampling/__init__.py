"""How batches mix the rows of tasks that have rows of their own: one sampling a file, and the catalog."""

from taskgroup.training.sampling.by_validation import ByValidation
from taskgroup.training.sampling.catalog import SAMPLINGS, make_sampling
from taskgroup.training.sampling.contract import Sampling
from taskgroup.training.sampling.draws import EpochKeys, StreamDraws
from taskgroup.training.sampling.main_task import MainTask
from taskgroup.training.sampling.proportional import Proportional
from taskgroup.training.sampling.round_robin import RoundRobin
from taskgroup.training.sampling.temperature import Temperature
from taskgroup.training.sampling.uniform import Uniform

__all__ = [
    "SAMPLINGS",
    "ByValidation",
    "EpochKeys",
    "MainTask",
    "Proportional",
    "RoundRobin",
    "Sampling",
    "StreamDraws",
    "Temperature",
    "Uniform",
    "make_sampling",
]
