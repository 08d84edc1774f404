"""A search over depths and shorter trainings: each recommended network gets the way that suits it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from fake_executor import FakeExecutor
from planted import TASKS
from test_driver import Searched, search, study_of

from taskgroup.search.recipe import Recipe, Recipes
from taskgroup.search.way_table import WAY_COLUMNS, short_run_agreement
from taskgroup.seeds import derive_seed
from taskgroup.spec import RunSpec, Sharing, parse_study
from taskgroup.storage import open_record

DEEP, SHALLOW = ("a", "b"), ("c", "d")


def gain(run: RunSpec, task: str) -> float:
    """a and b help each other most where two blocks are shared, c and d where one is; strangers hurt."""
    friends = DEEP if task in DEEP else SHALLOW
    suits = run.sharing.depth == (2 if task in DEEP else 1)
    together = set(friends) <= set(run.subset)
    strangers = len(set(run.subset) - set(friends))
    return (0.25 if suits else 0.08) * together - 0.2 * strangers


def score_of(run: RunSpec, task: str, split: str) -> float:
    """R² with noise of its own for each run; a short training has half of the gain on twice the error."""
    name = run.subset_name, task, split, run.seed, run.sharing.depth, run.fidelity
    noise = 0.02 * np.random.default_rng(derive_seed(0, *map(str, name))).normal()
    full = run.fidelity == 1.0
    error = (0.4 if full else 0.8) * (1 - gain(run, task) * (1.0 if full else 0.5)) * (1 + noise)
    return float(1 - error)


def searched(**settings) -> Searched:
    study = study_of(
        model={"widths": [8, 8]},
        training={"learning_rate": 0.01, "weight_decay": 0.0},
        search={"sharing": {"depth": [1, 2]}, "runs": 400, **settings},
    )
    with open_record("sqlite://") as record:
        return search(record, study, FakeExecutor(score_of))


@pytest.fixture(scope="module")
def two_depths() -> Searched:
    return searched()


def test_each_network_gets_its_own_depth(two_depths):
    depths = {n.subset: n.sharing.depth for n in two_depths.grouping.networks if n.sharing}
    assert depths == {DEEP: 2, SHALLOW: 1}
    assert two_depths.grouping.confirmed


def test_the_gain_is_that_of_the_networks_in_their_ways(two_depths):
    """Scores of another depth of the same subset must not slip in."""
    assert two_depths.grouping.gain == pytest.approx(0.25, abs=0.03)
    gains = two_depths.outcome.task_gains
    recommended = gains[gains["strategy"] == "recommended"]
    assert recommended["gain"].to_numpy() == pytest.approx(np.full(4, 0.25), abs=0.06)


def test_the_table_of_ways_shows_what_the_other_depth_did(two_depths):
    ways = two_depths.outcome.ways
    assert list(ways.columns) == list(WAY_COLUMNS)
    home = two_depths.outcome.recipes.joint.sharing.depth
    assert set(ways["depth"]) == {1, 2} - {home}
    suited = "+".join(SHALLOW if home == 2 else DEEP)
    row = ways[ways["subset"] == suited].iloc[0]
    assert row["advantage"] == pytest.approx(0.17, abs=0.05)
    assert row["low"] > 0


def test_affinity_and_flags_stay_those_of_one_way(two_depths):
    """A heatmap that mixes depths would compare what cannot be compared."""
    home = two_depths.outcome.recipes.joint.sharing.depth
    runs = two_depths.outcome.runs
    for target, friend, depth in (("a", "b", 2), ("c", "d", 1)):
        expected = 0.25 if home == depth else 0.08
        assert two_depths.outcome.affinity.estimate.loc[target, friend] == pytest.approx(expected, abs=0.05)
    named = runs[(runs["n_tasks"] > 1) & (runs["depth"] != home)]["network"]
    assert named.str.contains("shared").all()
    assert (runs[(runs["n_tasks"] > 1) & (runs["depth"] == home)]["network"].isin(runs["subset"])).all()


def test_a_trainer_of_the_users_is_asked_for_several_depths_too():
    """It is not tuned, but which depth suits which network is found all the same."""
    study = parse_study(
        {
            "name": "external",
            "trainer": {"function": "python:somewhere:train"},
            "tasks": [{"name": name, "kind": "regression"} for name in TASKS],
            "search": {"sharing": {"depth": [1, 2]}, "runs": 400, "seeds": 4, "confirm_seeds": 5},
            "grouping": {"max_groups": 2},
        }
    )
    with open_record("sqlite://") as record:
        found = search(record, study, FakeExecutor(score_of))
    assert {n.subset: n.sharing.depth for n in found.grouping.networks if n.sharing} == {DEEP: 2, SHALLOW: 1}


def test_short_trainings_are_compared_with_short_single_tasks_and_counted_by_their_share():
    """Against full single tasks every short run would look like harm."""
    found = searched(fidelity=[0.25], runs=160)
    runs = found.outcome.runs
    short = runs[(runs["fidelity"] == 0.25) & (runs["split"] == "validation")]
    assert set(short[short["n_tasks"] == 1]["task"]) == set(TASKS)
    pair = short[short["subset"].isin(["a+b", "c+d"])]
    assert (pair["gain"] > 0).all()
    spent = runs.drop_duplicates("run_id")["fidelity"].sum()
    assert spent <= 160
    assert found.subsets == {DEEP, SHALLOW}
    assert all(n.subset in {DEEP, SHALLOW} for n in found.grouping.networks)
    assert found.grouping.gain > 0.15


@pytest.mark.parametrize(("sign", "n_networks"), [(1, 6), (-1, 6), (1, 2)])
def test_the_reader_learns_how_far_short_trainings_can_be_trusted(sign, n_networks):
    """Where they rank the other way round, or too few were trained at both lengths, that must show."""
    home = Recipe(0.01, 0.0, Sharing("hard", 1), "equal")
    recipes = Recipes(home, home, (replace(home, fidelity=0.25),))
    rows = [
        ("a", f"a+{name}", seed, way, (1 if way == 0 else sign) * place + 0.1 * seed)
        for place, name in enumerate("bcdefg"[:n_networks])
        for way in (0, 1)
        for seed in (0, 1)
    ]
    runs = pd.DataFrame(rows, columns=["task", "subset", "seed", "way", "gain"]).assign(split="validation")
    found = short_run_agreement(runs, recipes)
    assert found == ({0.25: (pytest.approx(sign), n_networks)} if n_networks > 2 else {})
