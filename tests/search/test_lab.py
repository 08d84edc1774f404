"""The lab: whatever was trained is never trained again, whoever was interrupted when."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from fake_executor import FakeExecutor
from planted import TASKS, document

from taskgroup.search import Lab, Silent
from taskgroup.seeds import derive_seed
from taskgroup.spec import RunSpec, Sharing, parse_study
from taskgroup.storage import SqlRecord, open_record


def make_spec(*subset: str, seed: int = 0) -> RunSpec:
    return RunSpec(subset, Sharing("hard", 1), "equal", learning_rate=0.01, weight_decay=0.01, seed=seed)


SINGLES = [make_spec(task, seed=seed) for seed in range(3) for task in TASKS]
PAIRS = [make_spec("a", "b", seed=seed) for seed in range(3)]


def lottery(run: RunSpec, task: str, split: str) -> float:
    return derive_seed(run.subset_name, run.seed, task, split) % 1000 / 1000


class Listener(Silent):
    def __init__(self) -> None:
        self.advanced: list[tuple[int, int]] = []

    def advance(self, n_runs: int, n_failed: int) -> None:
        self.advanced.append((n_runs, n_failed))


@pytest.fixture
def record() -> Iterator[SqlRecord]:
    with open_record("sqlite://") as record:
        yield record


def open_lab(record: SqlRecord, executor: FakeExecutor, *, name: str = "planted") -> tuple[Lab, int]:
    study = parse_study(document("memory", name=name))
    study_id = record.open_study(study, data_fingerprint="rows")
    return Lab(executor, record, study_id, "context", Silent()), study_id


def test_results_come_in_the_order_asked_for(record):
    lab, _ = open_lab(record, FakeExecutor(lottery))
    asked = [*reversed(SINGLES), *PAIRS, SINGLES[0]]
    assert [result.spec for result in lab.run("baselines", asked)] == asked


def test_no_run_is_trained_twice(record):
    executor = FakeExecutor(lottery)
    lab, _ = open_lab(record, executor)
    first = lab.run("baselines", [*SINGLES, *SINGLES])
    assert lab.run("again", SINGLES) == first[: len(SINGLES)]
    assert lab.run("more", [*PAIRS, *SINGLES])[len(PAIRS) :] == first[: len(SINGLES)]
    assert len(executor.trained) == len(set(executor.trained)) == lab.n_trained == len(SINGLES) + len(PAIRS)


def test_studies_of_one_context_train_a_run_once(record):
    """A study under another name must not pay again for what is known."""
    open_lab(record, FakeExecutor(lottery), name="one")[0].run("baselines", SINGLES)
    executor = FakeExecutor(lottery)
    lab, study_id = open_lab(record, executor, name="two")
    lab.run("baselines", SINGLES)
    assert executor.trained == []
    assert record.runs_frame(study_id)["run_id"].nunique() == len(SINGLES)


@pytest.mark.parametrize("stop_at", range(6))
def test_an_interrupted_search_goes_on_where_it_was(record, stop_at):
    """Same cohorts, hence the same results to the last bit; nothing lost, nothing trained again."""
    undisturbed = FakeExecutor(lottery)
    with open_record("sqlite://") as other:
        lab, _ = open_lab(other, undisturbed)
        expected = [lab.run("baselines", SINGLES), lab.run("pairs", PAIRS)]
    interrupted, resumed = FakeExecutor(lottery, stop_at=stop_at), FakeExecutor(lottery)
    for executor in (interrupted, resumed):
        lab, _ = open_lab(record, executor)
        try:
            found = [lab.run("baselines", SINGLES), lab.run("pairs", PAIRS)]
        except KeyboardInterrupt:
            found = []
    assert found == expected
    assert interrupted.cohorts == undisturbed.cohorts[:stop_at]
    assert resumed.cohorts == undisturbed.cohorts[stop_at:]


def test_failed_runs_are_kept_too(record):
    """A run that fails would otherwise fail again at every resume."""
    executor = FakeExecutor(fails=lambda run: run.subset == ("a", "b"))
    assert not any(result.ok for result in open_lab(record, executor)[0].run("pairs", PAIRS))
    again = FakeExecutor()
    assert not any(result.ok for result in open_lab(record, again)[0].run("pairs", PAIRS))
    assert again.trained == []


def test_every_use_of_a_run_is_linked_to_its_stage(record):
    lab, study_id = open_lab(record, FakeExecutor(lottery))
    lab.run("tune", SINGLES[:4])
    lab.run("baselines", SINGLES)
    uses = record.runs_frame(study_id, every_stage=True).drop_duplicates(["run_id", "stage"])
    assert uses["stage"].value_counts().to_dict() == {"tune": 4, "baselines": len(SINGLES)}


def test_progress_counts_every_run_once(record):
    """Runs taken from the record count as well: the bar of a resumed search must fill up."""
    executor = FakeExecutor(lottery, fails=lambda run: run.subset == ("a", "b"), stop_at=2)
    with pytest.raises(KeyboardInterrupt):
        open_lab(record, executor)[0].run("all", [*SINGLES, *PAIRS])
    listener = Listener()
    study_id = open_lab(record, FakeExecutor())[1]
    resumed = FakeExecutor(lottery, fails=lambda run: run.subset == ("a", "b"))
    Lab(resumed, record, study_id, "context", listener).run("all", [*SINGLES, *PAIRS])
    totals = [sum(values) for values in zip(*listener.advanced, strict=True)]
    assert totals == [len(SINGLES) + len(PAIRS), len(PAIRS)]


def test_what_is_used_stands_in_one_order_whoever_ended_first(record):
    """Sums over runs are rounded by their order; two workers would else choose other runs than one."""

    class Backwards(FakeExecutor):
        def train(self, cohorts):
            return super().train(list(cohorts)[::-1])

    orders = []
    for name, executor in (("one", FakeExecutor(lottery)), ("two", Backwards(lottery))):
        study = parse_study(document("table.csv", name=name))
        lab = Lab(executor, record, record.open_study(study, data_fingerprint=name), name, Silent())
        lab.run("baselines", SINGLES)
        orders.append(list(lab.used))
    assert orders[0] == orders[1]
