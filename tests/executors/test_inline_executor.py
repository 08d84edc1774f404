"""Training in this process."""

from __future__ import annotations

import pytest
from suites.executor_suite import ExecutorSuite

from taskgroup.data import Dataset
from taskgroup.executors import InlineExecutor
from taskgroup.spec import Study
from taskgroup.training import Trainer


class TestInlineExecutor(ExecutorSuite):
    @pytest.fixture(scope="class")
    @classmethod
    def executor(cls, study: Study, dataset: Dataset) -> InlineExecutor:
        return InlineExecutor(Trainer(study, dataset))
