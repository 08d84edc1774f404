"""Settings of all tests, one small finished search to look at, and the command line.

Test folders hold modules of their own (cases, suites); each is importable from its folder's tests.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from planted import write_study

import taskgroup as tg
from taskgroup.cli import main

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
    study_file = write_study(folder, search={"runs": 120, "seeds": 3, "confirm_seeds": 5})
    storage = f"sqlite:///{folder / 'taskgroup.db'}"
    return FinishedSearch(study_file, storage, tg.search(tg.load_study(study_file), storage=storage))


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@pytest.fixture
def taskgroup(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Callable[..., Ended]:
    """Run commands in this process, in an empty working folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("TASKGROUP_STORAGE", raising=False)

    def run(*words: object) -> Ended:
        with pytest.raises(SystemExit) as ended:
            main([str(word) for word in words])
        captured = capsys.readouterr()
        return Ended(int(ended.value.code or 0), captured.out, captured.err)

    return run
