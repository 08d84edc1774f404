"""Where cohorts are trained; all executors keep one contract."""

from taskgroup.executors.command import CommandExecutor
from taskgroup.executors.contract import Executor
from taskgroup.executors.function import FunctionExecutor, Request, TrainFunction
from taskgroup.executors.inline import InlineExecutor
from taskgroup.executors.processes import ProcessExecutor
from taskgroup.executors.trainer import check_trainer, trainer_executor, trainer_fingerprint

__all__ = [
    "CommandExecutor",
    "Executor",
    "FunctionExecutor",
    "InlineExecutor",
    "ProcessExecutor",
    "Request",
    "TrainFunction",
    "check_trainer",
    "trainer_executor",
    "trainer_fingerprint",
]
