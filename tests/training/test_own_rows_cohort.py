"""Runs on rows of their own: a cohort that mixed them up would compare subsets on the wrong rows."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from cases import N_INPUTS, N_OUTPUTS, TASKS, spec, train_plain
from own_rows_cases import POSITION, OneStream, dataset_of, seeds_of, study
from sklearn.metrics import r2_score

from taskgroup.data import dataset_from_table, draw_split
from taskgroup.spec import RunSpec
from taskgroup.training import Cohort, Shapes, Trainer, train_cohort
from taskgroup.training.sampling import (
    SAMPLINGS,
    ByValidation,
    MainTask,
    Proportional,
    Sampling,
    Temperature,
)

EVERY = [
    *(make() for make in SAMPLINGS.values()),
    Temperature(5.0),
    Temperature(5.0, annealed=True),
    ByValidation(5.0, 3.0, {"size": 0.3, "flag": 0.6}),
    MainTask("flag"),
    MainTask("size", "sigmoid", 1.0, similarity={"flag": 0.5}),
]
CANDIDATES = [
    spec(*subset, depth=depth, seed=seed, weighting=weighting, learning_rate=rate)
    for seed in (0, 1)
    for subset, depth, weighting, rate in (
        (("class",), 2, "equal", 0.01),
        (("flag", "size"), 2, "equal", 0.01),
        (("flag", "size"), 1, "uncertainty", 0.01),
        (("flag", "size"), 0, "inverse_size", 0.02),
        (("class", "weight"), 1, "inverse_size", 0.01),
        (("flag", "size", "weight"), 1, "uncertainty", 0.02),
        (("class", "flag", "size", "tags", "weight"), 2, "uncertainty", 0.01),
    )
]
STUDY = study()
SEEDS = seeds_of(STUDY, dataset_of(STUDY))


def shapes(sampling: Sampling, **settings: Any) -> Shapes:
    return Shapes(TASKS, N_OUTPUTS, N_INPUTS, (6, 4), 8, torch.float64, **{"sampling": sampling, **settings})


def groups(sampling: Sampling) -> list[list[RunSpec]]:
    """The candidates by their steps an epoch, which runs of a cohort have in common."""
    position = {task.name: i for i, task in enumerate(TASKS)}
    by_steps: dict[int, list[RunSpec]] = {}
    for run in CANDIDATES:
        sizes = [int(SEEDS[run.seed].n_labels[position[name]]) for name in run.subset]
        by_steps.setdefault(sampling.n_steps(sizes, 8), []).append(run)
    return list(by_steps.values())


def train(members: list[RunSpec], sampling: Sampling, epochs: int = 3) -> Cohort:
    cohort = Cohort(members, SEEDS, shapes(sampling))
    for epoch in range(epochs):
        cohort.train_epoch(epoch, of=epochs)
        if cohort.needs_validation:
            cohort.follow(cohort.validation_losses())
    return cohort


def history(cohort: Cohort) -> np.ndarray | None:
    """The validation losses that the sampling of a cohort of one run was told, [epochs, tasks]."""
    (run,) = cohort.members
    if not cohort.needs_validation:
        return None
    return cohort._history.of(run, [POSITION[name] for name in run.subset])


def outputs(cohort: Cohort, run: int, task: str, n_rows: int) -> torch.Tensor:
    """One run's outputs for one task on its test rows, [K, rows]."""
    w, position = cohort.network.wiring, [t.name for t in TASKS].index(task)
    (branch,) = [p for p in range(w.n_branches) if (w.branch_run[p], w.branch_task[p]) == (run, position)]
    start = w.branch_column[branch]
    return cohort.outputs("test")[w.branch_node[branch], start : start + N_OUTPUTS[task], :n_rows]


@pytest.mark.parametrize("sampling", EVERY, ids=lambda s: type(s).__name__)
def test_cohort_equals_single_runs_and_plain_modules(sampling):
    """Runs that read different rows must not see each other's, and must train as anybody would train them."""
    mixed_sizes = 0
    for members in groups(sampling):
        cohort = train(members, sampling)
        mixed_sizes += len({len(run.subset) for run in members}) > 1
        for i, member in enumerate(members):
            single = train([member], sampling)
            stream = OneStream(
                member, SEEDS[member.seed], shapes(sampling), n_epochs=3, losses=history(single)
            )
            plain = train_plain(
                member, stream, widths=(6, 4), batch_size=8, epochs=3, absent_tasks_learn=False
            )
            test = stream.scored("test")
            with torch.no_grad():
                expected = plain(test.x.t())
            for task in member.subset:
                together = outputs(cohort, i, task, test.n_rows)
                alone = outputs(single, 0, task, test.n_rows)
                torch.testing.assert_close(together, alone, rtol=1e-9, atol=1e-11)
                torch.testing.assert_close(together, expected[task].t(), rtol=1e-7, atol=1e-9)
    assert mixed_sizes, "no cohort had subsets of different sizes"


def test_a_run_reads_no_rows_of_other_tasks():
    """Otherwise a single-task baseline would profit from data that it must not have."""
    run = spec("flag", "size", depth=1)
    changed = dataset_of(STUDY)
    other = ~np.isin(changed.owner, [1, 2])
    changed.features[other] += 100.0
    changed.targets["class"].values[other & ~np.isnan(changed.targets["class"].values)] = 0.0
    both = [train_cohort([run], seeds, shapes(Proportional()), max_epochs=3)[0] for seeds in (
        SEEDS, seeds_of(STUDY, changed)
    )]  # fmt: skip
    first, second = ([score.value for score in result.scores] for result in both)
    assert first == pytest.approx(second, rel=1e-3)


def test_scores_are_those_of_the_own_test_rows():
    run = spec("size", "weight", depth=1)
    (result,) = train_cohort([run], SEEDS, shapes(Proportional()), max_epochs=3)
    stream = OneStream(run, SEEDS[0], shapes(Proportional()), n_epochs=3)
    plain, test = train_plain(run, stream, widths=(6, 4), batch_size=8, epochs=3), stream.scored("test")
    with torch.no_grad():
        predicted = plain(test.x.t())
    own = test.labelled[2].bool()
    expected = r2_score(test.y[4, own], predicted["size"].squeeze(1)[own])
    (value,) = [s.value for s in result.scores if (s.task, s.split) == ("size", "test")]
    assert value == pytest.approx(expected, rel=1e-6)


def test_dropping_runs_leaves_the_others_as_they_were():
    """A run that is stopped or has failed must not change its neighbours' results."""
    members = max(groups(Proportional()), key=len)
    whole, fewer = (Cohort(members, SEEDS, shapes(Proportional())) for _ in range(2))
    for epoch in range(4):
        if epoch == 2:
            fewer.drop([0, 2])
        whole.train_epoch(epoch, of=4)
        fewer.train_epoch(epoch, of=4)
    kept = [i for i in range(len(members)) if i not in (0, 2)]
    scores = whole.scores()
    for result, run in zip(fewer.scores(), kept, strict=True):
        assert [s.value for s in result] == pytest.approx([s.value for s in scores[run]], rel=1e-9)


class _ByRate(Shapes):
    """A sampling for each learning rate, as runs that choose their own would have."""

    def sampling_of(self, run: RunSpec) -> Sampling:
        return {0.01: Proportional(), 0.02: Temperature(5.0), 0.03: MainTask("flag")}[run.learning_rate]


def test_runs_of_a_cohort_may_be_sampled_differently():
    """A search that chooses among samplings must not mix up their rows."""
    own = _ByRate(TASKS, N_OUTPUTS, N_INPUTS, (6, 4), 8, torch.float64)
    members = [spec("flag", "size", depth=1, learning_rate=rate) for rate in (0.01, 0.02, 0.03)]
    members.append(spec("flag", "size", depth=2, learning_rate=0.03))
    assert Cohort(members, SEEDS, own).network.stream.tolist() == [0, 1, 2, 2]
    together = train_cohort(members, SEEDS, own, max_epochs=3)
    for member, result in zip(members, together, strict=True):
        (alone,) = train_cohort([member], SEEDS, shapes(own.sampling_of(member)), max_epochs=3)
        values = [score.value for score in alone.scores]
        assert [score.value for score in result.scores] == pytest.approx(values, rel=1e-9)


@pytest.mark.parametrize("split", [{}, {"by": "group", "column": "site"}])
def test_a_list_of_runs_gives_what_they_give_one_by_one(split):
    """Packing by steps, early stopping and dropping on the way change no run's scores."""
    described = study(patience=2, epochs=12, data={"split": split})
    from own_rows_cases import table

    columns = table()
    columns["site"] = np.random.default_rng(1).integers(0, 40, len(columns["task"]))
    if not split:
        del columns["site"]
    trainer = Trainer(described, dataset_from_table(columns, described))
    together = {
        result.spec: result for cohort in trainer.pack(CANDIDATES) for result in trainer.train(cohort)
    }
    for run in CANDIDATES:
        (alone,) = trainer.train([run])
        assert together[run].ok
        assert together[run].epochs == alone.epochs
        values = [score.value for score in alone.scores]
        assert [score.value for score in together[run].scores] == pytest.approx(values, rel=1e-7)
        assert len(values) == 2 * len(run.subset)


def test_the_joint_run_is_probed_as_usual():
    """Gradient estimators are to work where tasks have rows of their own."""
    described = study()
    dataset = dataset_of(described)
    probe = Trainer(described, dataset).probe(spec(*(task.name for task in TASKS), depth=2))
    assert np.isfinite(probe.products).any()
    assert all(len(model.train.offset) for model in probe.linearised.values())


def test_parts_are_the_same_size_for_every_seed():
    """So that the runs of several seeds train as one cohort."""
    described, sizes = study(), set()
    dataset = dataset_of(described)
    for seed in range(5):
        split = draw_split(dataset, described.data.split, study_seed=0, seed=seed)
        sizes.add(tuple(np.bincount(dataset.owner[split.train]).tolist()))
    assert len(sizes) == 1
