"""Memory that runs out: cohorts shrink, and one run too many does not cost the others."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
import torch
from planted import TASKS, make_study, planted_table

from taskgroup.data import load_dataset
from taskgroup.spec import RunResult, RunSpec, Sharing
from taskgroup.training import Trainer
from taskgroup.training import trainer as trainer_module
from taskgroup.training.out_of_memory import train_in_parts

RUNS = [RunSpec((task,), Sharing("hard", 1), "equal", 0.01, 0.01, seed) for seed in (0, 1) for task in TASKS]
ERRORS = [
    MemoryError(),
    torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 GiB."),
    RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes."),
    RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`"),
]


class Narrow:
    """Trains at most so many runs at once."""

    def __init__(self, at_once: int, error: BaseException) -> None:
        self.at_once, self.error = at_once, error
        self.sizes: list[int] = []
        self.n_made_room = 0

    def train(self, members: Sequence[RunSpec]) -> list[RunResult]:
        self.sizes.append(len(members))
        if len(members) > self.at_once:
            raise self.error
        return [RunResult(member, "ok") for member in members]

    def make_room(self) -> None:
        self.n_made_room += 1


@pytest.mark.parametrize("error", ERRORS)
def test_a_cohort_is_halved_until_it_fits(error):
    """All runs finish, in their order, although memory holds three."""
    narrow = Narrow(3, error)
    results = train_in_parts(narrow.train, RUNS, make_room=narrow.make_room)
    assert [result.spec for result in results] == RUNS
    assert all(result.ok for result in results)
    assert narrow.sizes == [8, 4, 2, 2, 4, 2, 2]
    assert narrow.n_made_room == 3


def test_a_run_that_does_not_fit_by_itself_fails_with_the_reason():
    """The user learns what to make smaller."""
    narrow = Narrow(0, ERRORS[1])
    results = train_in_parts(narrow.train, RUNS[:3], make_room=narrow.make_room)
    assert not any(result.ok for result in results)
    assert "lower training.batch_size" in str(results[0].reason)
    assert "Tried to allocate 20.00 GiB" in str(results[0].reason)


def test_other_errors_are_no_lack_of_memory():
    """A bug must show, not turn into failed runs."""
    narrow = Narrow(0, RuntimeError("expected a float tensor"))
    with pytest.raises(RuntimeError, match="float tensor"):
        train_in_parts(narrow.train, RUNS, make_room=narrow.make_room)
    assert narrow.sizes == [8]


def test_the_trainer_goes_on_with_less_company(tmp_path, monkeypatch):
    """What halves compute is what the whole would have."""
    table = planted_table(n_rows=60)
    study = make_study(tmp_path, table=table, training={"epochs": 1, "precision": "float64"})
    dataset = load_dataset(study)
    expected = Trainer(study, dataset).train(RUNS)
    train_cohort = trainer_module.train_cohort

    def small_machine(members, *arguments, **settings):
        if len(members) > 3:
            raise MemoryError
        return train_cohort(members, *arguments, **settings)

    monkeypatch.setattr(trainer_module, "train_cohort", small_machine)
    for one, other in zip(Trainer(study, dataset).train(RUNS), expected, strict=True):
        assert one.spec == other.spec
        assert [s.value for s in one.scores] == pytest.approx([s.value for s in other.scores], rel=1e-9)
