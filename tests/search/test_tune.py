"""Tuning: single tasks must be tuned as hard as joint training, else sharing looks better than it is."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

import pytest
from fake_executor import FakeExecutor, ScoreOf
from planted import TASKS, document

from taskgroup.search import Lab, Recipes, Silent, default_recipes
from taskgroup.search.dimensions import tuning_runs
from taskgroup.search.tune import tune
from taskgroup.spec import RunSpec, Study, parse_study
from taskgroup.storage import SqlRecord, open_record

SEEDS = (0, 1)
N_PROPOSALS = 12


@pytest.fixture
def record() -> Iterator[SqlRecord]:
    with open_record("sqlite://") as record:
        yield record


@pytest.fixture(scope="module")
def study() -> Study:
    """Learning rate, weight decay, depth and weighting are open."""
    training = {"learning_rate": None, "weight_decay": None}
    search = {"sharing": {"depth": [1, 2]}, "weighting": ["equal", "uncertainty"]}
    model = {"widths": [8, 8]}
    return parse_study(document("memory", model=model, training=training, search=search))


def tuned(
    study: Study,
    record: SqlRecord,
    score_of: ScoreOf,
    *,
    n_proposals: int = N_PROPOSALS,
    fails: Callable[[RunSpec], bool] = lambda run: False,
) -> tuple[Recipes, list[RunSpec]]:
    """The recipes, and what was trained for them."""
    executor = FakeExecutor(score_of, fails=fails)
    lab = Lab(executor, record, record.open_study(study, data_fingerprint="rows"), "context", Silent())
    return tune(study, lab, n_proposals=n_proposals, seeds=SEEDS), executor.trained


def likes(rate: float) -> ScoreOf:
    """Scores that are best at one learning rate."""
    return lambda run, task, split: 0.9 - 0.1 * abs(math.log10(run.learning_rate / rate))


def test_the_best_recipe_of_each_kind_wins(study, record):
    def score_of(run: RunSpec, task: str, split: str) -> float:
        rate = 0.001 if len(run.subset) == 1 else 0.02
        return likes(rate)(run, task, split) - 0.2 * (run.weighting == "equal")

    recipes, trained = tuned(study, record, score_of)
    for recipe, joint in [(recipes.single, False), (recipes.joint, True)]:
        tried = {run for run in trained if (len(run.subset) > 1) == joint}
        best = max(tried, key=lambda run: score_of(run, "a", "validation"))
        assert recipe == type(recipe)(best.learning_rate, best.weight_decay, best.sharing, best.weighting)
    assert recipes.joint.weighting == "uncertainty"
    assert recipes.single.learning_rate < recipes.joint.learning_rate


def test_single_tasks_get_as_many_proposals_of_rate_and_decay(study, record):
    """And every proposal is measured on every task at the same seeds."""
    _, trained = tuned(study, record, likes(0.005))
    joint = {(r.learning_rate, r.weight_decay, r.sharing, r.weighting) for r in trained if len(r.subset) > 1}
    single = {(r.learning_rate, r.weight_decay) for r in trained if len(r.subset) == 1}
    assert len(single) == N_PROPOSALS + 1, "the joint winner's steps as well"
    assert len(joint) == 2 * N_PROPOSALS
    assert len(trained) == tuning_runs(study, N_PROPOSALS, len(SEEDS))
    assert {(run.subset, run.seed) for run in trained} == {
        (subset, seed) for subset in [*((task,) for task in TASKS), TASKS] for seed in SEEDS
    }


def test_test_rows_decide_nothing(study, record):
    """Settings chosen on test rows would make every reported gain too good."""
    recipes, _ = tuned(study, record, likes(0.005))
    with open_record("sqlite://") as other:

        def misleading(run: RunSpec, task: str, split: str) -> float:
            return likes(0.005 if split == "validation" else 0.0001)(run, task, split)

        assert tuned(study, other, misleading)[0] == recipes


def test_recipes_that_fail_are_not_chosen(study, record):
    """The largest learning rates would be best, if only they did not diverge."""
    recipes, trained = tuned(study, record, likes(1.0), fails=lambda run: run.learning_rate > 0.01)
    assert any(run.learning_rate > 0.01 for run in trained)
    assert recipes.single.learning_rate <= 0.01
    assert recipes.joint.learning_rate <= 0.01


def test_where_everything_fails_the_default_is_kept(study, record):
    """The search itself then says what failed and why."""
    assert tuned(study, record, likes(0.005), fails=lambda run: True)[0] == default_recipes(study)


def test_without_proposals_nothing_is_trained(study, record):
    assert tuned(study, record, likes(0.005), n_proposals=0) == (default_recipes(study), [])


def test_fixed_settings_are_not_tuned(record):
    study = parse_study(document("memory"))
    assert tuned(study, record, likes(0.005)) == (default_recipes(study), [])


def test_tasks_count_by_their_relative_error_and_importance(study, record):
    """A task with large errors, or one that matters less, must not choose the settings for all."""
    tasks = [task.model_copy(update={"importance": 5.0 if task.name == "a" else 1.0}) for task in study.tasks]
    weighted = study.model_copy(update={"tasks": tasks})

    def score_of(run: RunSpec, task: str, split: str) -> float:
        size = 1000.0 if task == "b" else 0.1
        rate = 0.001 if task == "a" else 0.02
        return 1 - size * (1 + abs(math.log10(run.learning_rate / rate)))

    recipes, trained = tuned(weighted, record, score_of)
    rates = {run.learning_rate for run in trained if len(run.subset) == 1}
    assert recipes.single.learning_rate == min(rates, key=lambda rate: abs(math.log10(rate / 0.001)))
