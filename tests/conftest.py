"""Settings of all tests, and one small finished search to look at.

Test folders hold modules of their own (cases, suites); each is importable from its folder's tests.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import settings
from planted import write_study

import taskgroup as tg

settings.register_profile("taskgroup", deadline=None, derandomize=True)  # first calls load libraries
settings.load_profile("taskgroup")


@dataclass(frozen=True)
class FinishedSearch:
    """A search that ended, for tests that only look at it.

    Attributes:
        study_file: The study, two planted groups that get in each other's way.
        storage: The URL of its record.
        result: What it returned.
    """

    study_file: Path
    storage: str
    result: tg.SearchResult


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> FinishedSearch:
    folder = tmp_path_factory.mktemp("finished")
    study_file = write_study(folder, search={"runs": 100, "seeds": 3, "confirm_seeds": 3})
    storage = f"sqlite:///{folder / 'taskgroup.db'}"
    return FinishedSearch(study_file, storage, tg.search(tg.load_study(study_file), storage=storage))
