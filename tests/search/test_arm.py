"""Networks in several ways of training, and how they are listed."""

from __future__ import annotations

import numpy as np
import pytest
from planted import document

from taskgroup.search.arm import ONE_WAY, Arm, Ways, at_home
from taskgroup.search.other_ways import with_other_ways
from taskgroup.search.recipe import Recipes, default_recipes
from taskgroup.spec import Sharing, Study, parse_study

THREE = Ways(levels=np.array([[0], [1], [0]]), full=(0, 1, 0), cost=(1.0, 1.0, 0.25))


def study_of(*, strategy: str = "active", n_weightings: int = 2, fidelity: tuple[float, ...] = ()) -> Study:
    search = {
        "strategy": strategy,
        "sharing": {"depth": [0, 1, 2]},
        "weighting": ["equal", "uncertainty", "inverse_size"][:n_weightings],
        "fidelity": list(fidelity),
    }
    return parse_study(document("memory", model={"widths": [8, 8]}, search=search))


def recipes_of(study: Study) -> Recipes:
    return with_other_ways(default_recipes(study), study)


def test_a_single_task_has_one_way_only():
    """Depth and weighting mean nothing for it, and a second description would train it twice."""
    assert THREE.of([("a",), ("a", "b")]) == [Arm(("a",)), Arm(("a", "b")), Arm(("a", "b"), 1)]
    assert ONE_WAY.of([("a",), ("a", "b")]) == at_home([("a",), ("a", "b")])


def test_short_runs_are_not_served():
    assert THREE.serving == (0, 1)
    assert THREE.short(0) == (2,)
    assert THREE.short(1) == ()


def test_the_tuned_way_comes_first_and_none_twice():
    recipes = recipes_of(study_of())
    assert recipes.joint_ways[0] == recipes.joint
    assert len(set(recipes.joint_ways)) == len(recipes.joint_ways) == 6
    assert recipes.ways.levels.shape == (6, 2)
    assert len({tuple(row) for row in recipes.ways.levels}) == 6


def test_short_forms_belong_to_their_full_ways():
    recipes = recipes_of(study_of(n_weightings=1, fidelity=(0.25,)))
    ways = recipes.ways
    assert ways.serving == (0, 1, 2)
    for way in ways.serving:
        (short,) = ways.short(way)
        full_recipe, short_recipe = recipes.joint_ways[way], recipes.joint_ways[short]
        assert (short_recipe.sharing, short_recipe.fidelity) == (full_recipe.sharing, 0.25)
        assert ways.cost[short] == 0.25
    assert recipes.of_arm(Arm(("a", "b"), ways.short(0)[0])).spec(("a", "b"), 3).fidelity == 0.25


def test_many_combinations_vary_one_thing_at_a_time():
    """Twenty ways of everything would spend the runs on ways instead of groups."""
    study = study_of(n_weightings=3).model_copy(deep=True)
    search = study.search.model_copy(update={"weighting": [f"w{i}" for i in range(5)]})
    study = study.model_copy(update={"search": search})
    recipes = with_other_ways(default_recipes(study), study)
    home = recipes.joint
    assert len(recipes.joint_ways) == 1 + 2 + 4
    assert all(r.sharing == home.sharing or r.weighting == home.weighting for r in recipes.joint_ways)


@pytest.mark.parametrize("strategy", ["pairs", "hoa", "random", "exhaustive"])
def test_other_strategies_have_one_way(strategy):
    assert len(recipes_of(study_of(strategy=strategy)).joint_ways) == 1


def test_recipes_survive_the_record():
    """A resumed search must find its ways again; one recorded without any has one."""
    recipes = recipes_of(study_of(fidelity=(0.5,)))
    assert Recipes.from_document(recipes.document()) == recipes
    old = {name: recipes.document()[name] for name in ("single", "joint")}
    assert Recipes.from_document(old) == Recipes(recipes.single, recipes.joint)


def test_a_length_that_is_named_twice_counts_once():
    """Else every short run would be asked for, and weighed, twice."""
    assert recipes_of(study_of(fidelity=(0.25, 0.25))) == recipes_of(study_of(fidelity=(0.25,)))


def test_names_tell_ways_apart():
    recipes = recipes_of(study_of())
    names = {recipes.arm_name(arm) for arm in recipes.ways.of([("a", "b")])}
    assert len(names) == 6
    assert recipes.arm_name(Arm(("a", "b"))) == "a+b"
    assert recipes.arm_name(Arm(("a",))) == "a"
    assert Sharing("hard", 2) == recipes.joint.sharing
