"""Training in worker processes: a worker may die, the search may not."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from suites.executor_suite import ExecutorSuite, make_spec, make_specs, split_in

from taskgroup.data import Dataset
from taskgroup.errors import RunFailedError
from taskgroup.executors import InlineExecutor, ProcessExecutor
from taskgroup.spec import RunResult, RunSpec, Score, Study
from taskgroup.training import Trainer

COHORTS = split_in(4, make_specs())


def scores(returned: Iterable[list[RunResult]]) -> dict[RunSpec, tuple[Score, ...]]:
    return {result.spec: result.scores for results in returned for result in results}


def handles_of(executor: ProcessExecutor) -> list[int]:
    """File descriptors that become readable when a worker ends."""
    return [os.pidfd_open(pid) for pid in executor.pids]


@pytest.fixture(scope="module")
def expected(study: Study, dataset: Dataset) -> dict[RunSpec, tuple[Score, ...]]:
    """What training in this process gives."""
    return scores(InlineExecutor(Trainer(study, dataset)).train(COHORTS))


class TestProcessExecutor(ExecutorSuite):
    @pytest.fixture(scope="class")
    @classmethod
    def executor(cls, study: Study, dataset: Dataset) -> Iterator[ProcessExecutor]:
        executor = ProcessExecutor(study, dataset, n_workers=2)
        yield executor
        executor.close()

    def test_the_number_of_workers_decides_nothing(self, executor, expected):
        assert scores(executor.train(COHORTS)) == expected

    def test_killed_workers_are_survived(self, executor, expected):
        """Whatever was in flight is trained again; what had come back is not."""
        training = executor.train(COHORTS)
        returned = [next(training)]
        for pid in executor.pids:
            os.kill(pid, signal.SIGKILL)
        returned += training
        assert Counter(r.spec for results in returned for r in results) == Counter(make_specs())
        assert scores(returned) == expected

    def test_a_search_that_stops_in_the_middle_stops_its_workers(self, executor):
        """Ctrl-C must not leave processes behind, nor wait for what they are at."""
        training = executor.train(COHORTS)
        next(training)
        handles = handles_of(executor)
        training.close()
        for handle in handles:
            assert select.select([handle], [], [], 10)[0]
            os.close(handle)


class DeadlyWord(str):
    """Ends the process that it is sent to."""

    def __reduce__(self) -> tuple[Any, ...]:
        return os._exit, (1,)


class DeadlyStudy(Study):
    """Ends every process that it is sent to."""

    def __reduce__(self) -> tuple[Any, ...]:
        return os._exit, (1,)


def test_a_run_that_kills_its_workers_is_given_up_alone(study, dataset):
    """Neither the rest of its cohort nor its neighbours in other workers may be recorded as failed."""
    poisonous = replace(make_spec("a", "b"), weighting=DeadlyWord("equal"))
    cohorts = [[poisonous, make_spec("a")], [make_spec("b")], [make_spec("c")]]
    executor = ProcessExecutor(study, dataset, n_workers=2)
    try:
        found = {result.spec: result for results in executor.train(cohorts) for result in results}
    finally:
        executor.close()
    assert [spec for spec, result in found.items() if not result.ok] == [poisonous]
    assert "died 3 times" in str(found[poisonous].reason)
    assert len(found) == 4


def test_workers_that_cannot_start_end_the_search(study, dataset):
    """As in a script without a main guard; no run is to blame, so none may be recorded as failed."""
    executor = ProcessExecutor(DeadlyStudy.model_validate(study.document()), dataset, n_workers=2)
    with pytest.raises(RunFailedError, match="__main__"):
        list(executor.train([[make_spec("a")], [make_spec("b")]]))
    executor.close()


_KILLED_SEARCH = """
import os, signal, sys
from taskgroup.data import load_dataset
from taskgroup.executors import ProcessExecutor
from taskgroup.spec import RunSpec, Sharing, Study
study = Study.model_validate_json(sys.argv[1])
executor = ProcessExecutor(study, load_dataset(study), n_workers=1)
cohorts = [[RunSpec(("a",), Sharing("hard", 1), "equal", 0.01, 0.01, seed)] for seed in range(9)]
training = executor.train(cohorts)
next(training)
print(*executor.pids, flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_workers_end_with_a_search_that_is_killed(study):
    """They would otherwise hold their memory until somebody finds them."""
    words = [sys.executable, "-c", _KILLED_SEARCH, study.model_dump_json()]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as search:
        (worker,) = map(int, search.stdout.readline().split())
        try:
            handle = os.pidfd_open(worker)
        except ProcessLookupError:
            return
        try:
            assert select.select([handle], [], [], 30)[0]
        finally:
            os.close(handle)
