"""Proposals: a repeated one is a wasted training, a different one after a crash another search."""

from __future__ import annotations

import math
from typing import Any

import pytest
from planted import document

from taskgroup.search import Recipe
from taskgroup.search.space import Space
from taskgroup.seeds import derive_seed
from taskgroup.spec import Method, Study, parse_study

OPEN = {"learning_rate": None, "weight_decay": None}


def study_of(*, training: dict[str, Any] | None = None, seed: int = 0, **search: Any) -> Study:
    model = {"widths": [8, 8]}
    return parse_study(document("memory", model=model, training=training or {}, search=search, seed=seed))


def error_of(recipe: Recipe) -> float:
    """Some function of the settings."""
    return abs(math.log(recipe.learning_rate / 0.005)) + derive_seed(repr(recipe)) % 100 / 1000


def tuned(space: Space, n: int, batch: int = 4) -> list[Recipe]:
    """Propose and measure in batches until `n` recipes are known or the space is spent."""
    told: list[tuple[Recipe, float]] = []
    while len(told) < n and (proposals := space.propose(batch, told)):
        told += [(recipe, error_of(recipe)) for recipe in proposals]
    return [recipe for recipe, _ in told]


@pytest.mark.parametrize("joint", [False, True])
def test_the_default_comes_first_and_nothing_twice(joint):
    """What people would train with anyway is always among what is compared."""
    space = Space(study_of(training=OPEN, sharing={"depth": [0, 1, 2]}), joint=joint)
    recipes = tuned(space, 24)
    assert recipes[0] == space.default
    assert len(recipes) == len(set(recipes)) == 24


def test_the_same_measurements_give_the_same_proposals():
    """A resumed search must ask for what the interrupted one would have asked for."""
    spaces = [Space(study_of(training=OPEN), joint=True) for _ in range(2)]
    assert tuned(spaces[0], 16) == tuned(spaces[1], 16)


def test_proposals_depend_on_the_studys_seed_and_on_what_was_told():
    one, two = (Space(study_of(training=OPEN, seed=seed), joint=False) for seed in (0, 1))
    assert tuned(one, 8)[1:] != tuned(two, 8)[1:]
    told = [(recipe, error_of(recipe)) for recipe in tuned(one, 8)]
    assert one.propose(4, told) != one.propose(4, told[:4])


def test_settings_of_the_study_are_fixed():
    study = study_of(
        training={"learning_rate": 0.02, "weight_decay": None}, weighting=["equal", "inverse_size"]
    )
    recipes = tuned(Space(study, joint=True), 12)
    assert {recipe.learning_rate for recipe in recipes} == {0.02}
    assert {recipe.sharing.depth for recipe in recipes} == {2}
    assert {recipe.weighting for recipe in recipes} == {"equal", "inverse_size"}
    assert len({recipe.weight_decay for recipe in recipes}) > 6


def test_single_tasks_have_neither_depth_nor_weighting_to_tune():
    """Both mean nothing for one task: the same training would run under several names."""
    study = study_of(training=OPEN, sharing={"depth": [0, 1]}, weighting=["uncertainty", "equal"])
    recipes = tuned(Space(study, joint=False), 8)
    assert {(recipe.sharing.depth, recipe.weighting) for recipe in recipes} == {(2, "equal")}


def test_a_small_space_is_spent_and_then_nothing_is_proposed():
    study = study_of(sharing={"depth": [0, 1]}, weighting=["equal", "uncertainty"])
    recipes = tuned(Space(study, joint=True), 100)
    assert {(recipe.sharing.depth, recipe.weighting) for recipe in recipes} == {
        (depth, weighting) for depth in (0, 1) for weighting in ("equal", "uncertainty")
    }
    closed = Space(study_of(), joint=True)
    assert closed.n_dimensions == 0
    assert tuned(closed, 5) == [closed.default]


def test_what_failed_is_not_proposed_again():
    space = Space(study_of(training=OPEN), joint=False)
    told = [(recipe, math.inf) for recipe in tuned(space, 8)]
    assert not set(space.propose(8, told)) & {recipe for recipe, _ in told}


def test_proposals_gather_where_errors_are_small():
    """What the sampler is for."""
    space = Space(study_of(training=OPEN), joint=False)
    rates = [math.log(recipe.learning_rate / 0.005) for recipe in tuned(space, 40)]
    late, early = (sum(map(abs, part)) / len(part) for part in (rates[20:], rates[1:11]))
    assert late < early


def test_settings_that_depend_on_others_are_tuned_with_them_alone():
    """A tree has no depth and equal weights have no weights: varying those trains the same network twice."""
    first, second, *_ = study_of().task_names
    tree = {"tree": {"branches": {"1": [[first], [second]]}}}
    sharing = {"kind": ["hard", tree], "depth": [0, 1]}
    study = study_of(sharing=sharing, weighting=["equal", "static"])
    recipes = tuned(Space(study, joint=True), 60)
    assert {recipe.sharing.depth for recipe in recipes if recipe.sharing.is_hard} == {0, 1}
    assert {recipe.sharing.depth for recipe in recipes if not recipe.sharing.is_hard} == {2}
    static = [recipe.weighting for recipe in recipes if recipe.weighting != "equal"]
    assert len(set(static)) > 10, "weights are proposed"
    assert all(set(Method.parse(text).settings["weights"]) == set(study.task_names) for text in static)


def test_what_was_measured_is_told_whole():
    """Proposals would ignore what is known of trees or weights."""
    study = study_of(sharing={"kind": ["hard", "mmoe"], "depth": [0, 1]}, weighting=["equal", "static"])
    space = Space(study, joint=True)
    told = [(recipe, error_of(recipe)) for recipe in tuned(space, 30)]
    assert len(space.refilled(told).trials) == len(told)
