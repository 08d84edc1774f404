"""Makes the conformance suites in `tests/suites` importable, with pytest's rewritten assertions."""

from __future__ import annotations

import pytest
from planted import make_study

from taskgroup.data import Dataset, load_dataset
from taskgroup.spec import Study

pytest.register_assert_rewrite("suites.executor_suite")


@pytest.fixture(scope="session")
def study(tmp_path_factory: pytest.TempPathFactory) -> Study:
    return make_study(tmp_path_factory.mktemp("executors"), training={"epochs": 4})


@pytest.fixture(scope="session")
def dataset(study: Study) -> Dataset:
    return load_dataset(study)
