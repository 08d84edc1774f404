"""The trainer: what a study asks for is what is trained, and the same every time."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from planted import TASKS, make_study, planted_table

from taskgroup.data import Dataset, load_dataset
from taskgroup.errors import InputError
from taskgroup.spec import SPLITS, RunResult, RunSpec, Sharing, Study
from taskgroup.training import Trainer


@pytest.fixture(scope="module")
def study(tmp_path_factory) -> Study:
    return make_study(
        tmp_path_factory.mktemp("trainer"), table=EASY, training={"epochs": 4, "precision": "float64"}
    )


@pytest.fixture(scope="module")
def dataset(study) -> Dataset:
    return load_dataset(study)


EASY = planted_table(n_rows=120, noise=0.1, conflict=False)


def run(*subset: str, seed: int = 0, **settings: float) -> RunSpec:
    given = {"learning_rate": 0.01, "weight_decay": 0.01, "fidelity": 1.0, **settings}
    return RunSpec(subset or TASKS, Sharing("hard", 1), "equal", seed=seed, **given)


def values(result: RunResult) -> dict[tuple[str, str], float]:
    return {(score.task, score.split): score.value for score in result.scores}


def test_every_task_of_a_run_is_scored_on_both_splits(study, dataset):
    members = [run(seed=1), run("a", "c"), run("b")]
    results = Trainer(study, dataset).train(members)
    assert [result.spec for result in results] == members
    for result in results:
        assert result.ok
        assert result.seconds > 0
        assert set(values(result)) == {(task, split) for task in result.spec.subset for split in SPLITS}
        assert {score.metric for score in result.scores} == {"r2"}


def test_training_twice_gives_the_same_to_the_last_bit(study, dataset):
    """Else a resumed search would not be the search that was interrupted."""
    members = [run(seed=0), run("a"), run("a", "b", seed=1)]
    first, second = (Trainer(study, dataset).train(members) for _ in range(2))
    assert [result.scores for result in first] == [result.scores for result in second]


def test_what_a_seed_draws_does_not_depend_on_company(study, dataset):
    alone = Trainer(study, dataset).train([run("a", "b", seed=3)])
    together = Trainer(study, dataset).train([run("a"), run("a", "b", seed=3), run(seed=3)])
    assert values(together[1]) == pytest.approx(values(alone[0]), rel=1e-9)


def test_seeds_draw_different_rows_and_weights(study, dataset):
    one, two = Trainer(study, dataset).train([run("a", seed=0), run("a", seed=1)])
    assert values(one) != values(two)


@pytest.mark.parametrize(("fidelity", "epochs"), [(1.0, 4), (0.5, 2), (0.01, 1)])
def test_epochs_are_obeyed_and_scaled_by_the_fidelity(study, dataset, fidelity, epochs):
    (result,) = Trainer(study, dataset).train([run("a", fidelity=fidelity)])
    assert result.epochs == epochs


def test_training_improves_on_guessing_the_mean(study, dataset):
    """R² is zero for the mean; enough epochs on an easy target must do better."""
    longer = study.model_copy(update={"training": study.training.model_copy(update={"epochs": 40})})
    (result,) = Trainer(longer, dataset).train([run("a")])
    assert values(result)["a", "test"] > 0.5


def test_missing_labels_are_left_out_and_harm_nobody(tmp_path):
    """A task that lacks labels trains on the rest; its neighbours see all their rows."""
    table = EASY.copy()
    table.loc[::2, "a"] = np.nan
    study = make_study(tmp_path, table=table, training={"epochs": 4, "precision": "float64"})
    joint, single = Trainer(study, load_dataset(study)).train([run("a", "b"), run("b")])
    assert joint.ok
    complete = make_study(tmp_path, table=EASY, training={"epochs": 4, "precision": "float64"})
    (expected,) = Trainer(complete, load_dataset(complete)).train([run("b")])
    assert values(single) == pytest.approx(values(expected), rel=1e-9)


def test_precisions_agree_roughly(study, dataset):
    exact = values(Trainer(study, dataset).train([run()])[0])
    training = study.training.model_copy(update={"precision": "float32"})
    rounded = values(Trainer(study.model_copy(update={"training": training}), dataset).train([run()])[0])
    assert rounded != exact
    assert rounded == pytest.approx(exact, abs=1e-3)


def test_the_callers_threads_are_left_as_they_were(study, dataset):
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        Trainer(study, dataset).train([run("a")])
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a CUDA device")
def test_a_missing_device_is_refused(study, dataset):
    with pytest.raises(InputError, match="no CUDA device"):
        Trainer(study, dataset, device="cuda")
    assert Trainer(study, dataset, device="auto").train([run("a")])[0].ok
