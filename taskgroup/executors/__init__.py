"""Where cohorts are trained; all executors keep one contract."""

from taskgroup.executors.contract import Executor
from taskgroup.executors.function import FunctionExecutor, Request, TrainFunction
from taskgroup.executors.inline import InlineExecutor
from taskgroup.executors.processes import ProcessExecutor

__all__ = [
    "Executor",
    "FunctionExecutor",
    "InlineExecutor",
    "ProcessExecutor",
    "Request",
    "TrainFunction",
]
