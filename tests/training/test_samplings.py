"""Samplings: a row left out would never be learned from, and another order would break the pairing."""

from __future__ import annotations

import numpy as np
import pytest

from taskgroup.spec import MainTaskSampling, TemperatureSampling, ValidationSampling, sampling_text
from taskgroup.training.sampling import (
    SAMPLINGS,
    ByValidation,
    EpochKeys,
    MainTask,
    Proportional,
    RoundRobin,
    StreamDraws,
    Temperature,
    Uniform,
    make_sampling,
)

SIZES = {"a": 57, "b": 8, "c": 23}
STARTS = dict(zip(SIZES, np.cumsum([0, *SIZES.values()]).tolist(), strict=False))
LOSSES = {"a": [0.5, 0.3, 0.4], "b": [0.9, 0.8, 0.7], "c": [0.2, 0.1, 0.8]}
LIKE_A = {"a": 1.0, "b": 0.5, "c": 0.2}
EVERY = [
    *(make() for make in SAMPLINGS.values()),
    Temperature(5.0),
    Temperature(5.0, annealed=True),
    ByValidation(5.0, 2.0, {"b": 0.1}),
    MainTask("a"),
    MainTask("b", "sigmoid", 1.0, 0.5, LIKE_A),
]


def draws(*tasks: str, epoch: int = 0) -> StreamDraws:
    keys = EpochKeys(0, epoch, sum(SIZES.values()))
    return StreamDraws(
        keys,
        [np.arange(STARTS[t], STARTS[t] + SIZES[t]) for t in tasks],
        tasks,
        losses=np.array([LOSSES[t] for t in tasks]).T,
        similarity=lambda a, b: LIKE_A[tasks[b]] if tasks[a] == "a" else 0.3,
    )


def order(sampling, *tasks: str, epoch: int = 0, progress: float = 0.0) -> np.ndarray:
    return sampling.order(draws(*tasks, epoch=epoch), batch_size=8, progress=progress)


def count(rows: np.ndarray, task: str) -> int:
    return int(((rows >= STARTS[task]) & (rows < STARTS[task] + SIZES[task])).sum())


@pytest.mark.parametrize("sampling", EVERY, ids=lambda s: type(s).__name__)
@pytest.mark.parametrize("tasks", [("a",), ("b", "c"), ("a", "b", "c")])
def test_an_epoch_has_the_promised_steps_and_rows(sampling, tasks):
    """Cohorts are packed by the number of steps before any order is drawn."""
    rows = order(sampling, *tasks, progress=0.5)
    assert -(-len(rows) // 8) == sampling.n_steps([SIZES[t] for t in tasks], 8)
    if not isinstance(sampling, MainTask):  # which leaves places empty
        assert (rows >= 0).sum() == sum(SIZES[t] for t in tasks)
    assert sum(count(rows, t) for t in tasks) == (rows >= 0).sum()
    repeats = np.bincount(rows[rows >= 0], minlength=sum(SIZES.values()))
    for task in tasks:
        own = repeats[STARTS[task] : STARTS[task] + SIZES[task]]
        assert own.max() - own.min() <= 1, "rows of a task are used equally often"


@pytest.mark.parametrize("sampling", EVERY, ids=lambda s: type(s).__name__)
def test_epochs_differ_and_repeat_exactly(sampling):
    first, again, next_one = (order(sampling, "a", "b", epoch=epoch) for epoch in (0, 0, 1))
    assert first.tolist() == again.tolist()
    assert first.tolist() != next_one.tolist()


@pytest.mark.parametrize("sampling", [Proportional(), RoundRobin()], ids=["proportional", "round_robin"])
def test_subsets_see_common_tasks_in_one_order(sampling):
    """Common random numbers: what differs between subsets is the company, not the luck of the order."""
    alone, with_b, all_three = (
        [row for row in order(sampling, *tasks).tolist() if 0 <= row < SIZES["a"]]
        for tasks in (("a",), ("a", "b"), ("a", "b", "c"))
    )
    assert alone == with_b == all_three


def test_rows_of_each_task_by_sampling():
    tasks = tuple(SIZES)

    def counts(sampling, progress: float = 0.0) -> list[int]:
        rows = order(sampling, *tasks, progress=progress)
        return [count(rows, t) for t in tasks]

    assert counts(Proportional()) == counts(Temperature(1.0)) == counts(RoundRobin()) == [57, 8, 23]
    assert counts(Uniform()) == [30, 29, 29]
    fifth_roots = np.array([57.0, 8.0, 23.0]) ** 0.2
    np.testing.assert_allclose(counts(Temperature(5.0)), fifth_roots / fifth_roots.sum() * 88, atol=1)
    annealed = Temperature(5.0, annealed=True)
    assert counts(annealed, 0.0) == counts(Proportional())
    assert counts(annealed, 1.0) == counts(Temperature(5.0))


def test_round_robin_takes_tasks_in_turn():
    batches = order(RoundRobin(), "a", "b", "c").reshape(-1, 8)
    owners = [[t for t in SIZES if count(batch, t)] for batch in batches]
    assert all(len(owner) == 1 for owner in owners)
    assert [owner[0] for owner in owners] == [*"abc", *"ac", *"ac", *"aaaaa"]


def test_proportional_order_is_a_fair_shuffle():
    """Each task's rows are spread over the epoch and do not stand in blocks."""
    first_half = [count(order(Proportional(), "a", "b", "c", epoch=epoch)[:44], "c") for epoch in range(200)]
    assert np.mean(first_half) == pytest.approx(11.5, abs=0.5)


def test_study_settings_name_samplings():
    assert isinstance(make_sampling("round_robin"), RoundRobin)
    assert make_sampling(TemperatureSampling(temperature=5, annealed=True)) == Temperature(5.0, annealed=True)
    assert make_sampling("validation") == ByValidation()
    by_validation = ValidationSampling(by="validation", strength=2, references={"a": 0.5})
    assert make_sampling(by_validation) == ByValidation(1.0, 2.0, {"a": 0.5})
    main = MainTaskSampling(main="a", schedule="sigmoid", rate=2, share=0.5, similarity={"b": 0.1})
    assert make_sampling(main) == MainTask("a", "sigmoid", 2.0, 0.5, {"b": 0.1})
    assert make_sampling(sampling_text(main)) == make_sampling(main)
