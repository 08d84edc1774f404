"""What becomes of cohorts whose workers die: nothing is lost, and only a run that kills is given up."""

from __future__ import annotations

import signal

import pytest
from suites.executor_suite import make_spec

from taskgroup.executors import outside_kills
from taskgroup.executors.work_list import MAX_DEATHS, WorkList
from taskgroup.spec import RunResult, RunSpec

RUNS = [make_spec("a", seed=seed) for seed in range(5)]
DONE = {run: RunResult(run, "ok") for run in RUNS}


def trained(work: WorkList, *, deadly: set[RunSpec]) -> tuple[list[RunResult], int]:
    """Train to the end with workers that die over some runs; the last whole cohort, and the deaths."""
    whole, deaths = None, 0
    while work.waiting:
        part = work.take()
        if deadly & set(part.members):
            deaths += 1
            back = work.died(part)
        else:
            back = work.returned(part, [DONE[run] for run in part.members])
        whole = back or whole
    assert whole is not None
    return whole, deaths


def test_a_run_that_kills_is_found_by_halving():
    """The others' results are kept, in the cohort's order, and the search ends."""
    results, deaths = trained(WorkList([RUNS]), deadly={RUNS[3]})
    assert [result.spec for result in results] == RUNS
    assert [result.ok for result in results] == [True, True, True, False, True]
    assert "over this run alone" in str(results[3].reason)
    assert deaths == MAX_DEATHS + 2  # the cohort of five, its half of two, the run


def test_a_cohort_stays_whole_where_workers_were_killed_from_outside():
    """Trained in other company, its results would differ in their last bits from those of a calm search."""
    work = WorkList([RUNS])
    for _ in range(MAX_DEATHS - 1):
        assert work.died(work.take()) is None
    part = work.take()
    assert list(part.members) == RUNS
    assert work.returned(part, list(DONE.values())) == list(DONE.values())


def test_a_part_that_was_not_begun_is_not_to_blame():
    work = WorkList([RUNS[:1]])
    for _ in range(2 * MAX_DEATHS):
        work.put_back(work.take())
    assert trained(work, deadly=set())[0][0].ok


def test_kills_from_outside_never_part_a_cohort():
    """A search whose workers are killed again and again must find what a calm one finds, to the last bit."""
    work = WorkList([RUNS])
    for _ in range(3 * MAX_DEATHS):
        assert work.died(work.take(), from_outside=True) is None
    assert list(work.take().members) == RUNS


@pytest.mark.parametrize(
    ("exit_code", "kills_before", "expected"),
    [(-signal.SIGKILL, 0, True), (-signal.SIGSEGV, 0, False), (-signal.SIGKILL, None, False), (1, 0, False)],
)
def test_only_a_kill_that_was_not_the_systems_is_from_outside(monkeypatch, exit_code, kills_before, expected):
    monkeypatch.setattr(outside_kills, "oom_kills", lambda: 0)
    assert outside_kills.killed_from_outside(exit_code, kills_before) is expected
    assert not outside_kills.killed_from_outside(exit_code, -1)
