"""Every kind of sharing on rows as studies give them: digits, and tasks with rows of their own."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from cases import N_INPUTS, N_OUTPUTS, TASKS, spec
from own_rows_cases import dataset_of, seeds_of, study

from taskgroup.data import Dataset, load_dataset
from taskgroup.errors import InputError
from taskgroup.models import SHARINGS
from taskgroup.spec import RunSpec, Sharing, Study, parse_study
from taskgroup.training import Shapes, Trainer, train_cohort

DIGITS = parse_study(
    {
        "name": "digits",
        "data": {"source": "sklearn:digits", "split": {"train_fraction": 0.5}},
        "tasks": [
            {"name": "digit", "kind": "multiclass"},
            *({"name": name, "kind": "binary", "metric": "accuracy"} for name in ("odd", "prime")),
        ],
        "model": {"widths": [32, 32]},
        "training": {"epochs": 6, "batch_size": 32},
        "search": {"sharing": {"kind": [*SHARINGS, {"decision": {"head": "shared"}}]}},
    }
)
OWN_ROWS = study()
OWN_SEEDS = seeds_of(OWN_ROWS, dataset_of(OWN_ROWS))


@pytest.fixture(scope="module")
def digits() -> tuple[Study, Dataset]:
    return DIGITS, load_dataset(DIGITS)


def test_all_kinds_learn_digits_in_one_list_of_runs(digits):
    """A study that lists them all trains them all, each in cohorts of its own kind."""
    trainer = Trainer(*digits)
    runs = [
        RunSpec(subset, sharing, "equal", 0.005, 0.01, seed)
        for sharing in [*DIGITS.sharings, Sharing("hard", 1), Sharing("mmoe", 1)]
        for subset in (("digit", "odd"), ("digit", "odd", "prime"))
        for seed in (0, 1)
    ]
    cohorts = trainer.pack(runs)
    packed = [run for cohort in cohorts for run in cohort]
    assert (len(packed), set(packed)) == (len(runs), set(runs))
    for cohort in cohorts:
        for result in trainer.train(cohort):
            assert result.ok, result.reason
            accuracy = {s.task: s.value for s in result.scores if s.split == "test"}
            assert accuracy["digit"] > 0.7, result.spec
            assert accuracy["odd"] > 0.75, result.spec


def test_estimators_that_need_shared_blocks_say_so(digits):
    """A probe of gradients on shared blocks has nothing to look at where there are only columns."""
    run = RunSpec(("digit", "odd"), Sharing("mmoe", 1), "equal", 0.005, 0.01, 0)
    with pytest.raises(InputError, match="shares by mmoe"):
        Trainer(*digits).probe(run)


@pytest.mark.parametrize("kind", SHARINGS)
def test_runs_with_rows_of_their_own_keep_to_them(kind):
    """Runs of one cohort then read different batches, of which each has the rows of some tasks only."""
    how = Shapes(TASKS, N_OUTPUTS, N_INPUTS, (6, 4), 8, torch.float64)
    runs = [
        replace(spec(*subset, seed=seed), sharing=Sharing(kind, 1))
        for seed, subset in ((0, ("flag", "size")), (1, ("flag", "size")))
    ]
    together = train_cohort(runs, OWN_SEEDS, how, max_epochs=2)
    for run, result in zip(runs, together, strict=True):
        (alone,) = train_cohort([run], OWN_SEEDS, how, max_epochs=2)
        expected = [score.value for score in alone.scores]
        assert [score.value for score in result.scores] == pytest.approx(expected, rel=1e-7)
