"""How deep and how weighted: the section, and its absence where there was one way."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
import pytest

from taskgroup.reporting import render_page
from taskgroup.reporting.tables import ways_table
from taskgroup.search import Outcome
from taskgroup.search.recipe import Recipe, Recipes
from taskgroup.search.way_table import WAY_COLUMNS
from taskgroup.spec import Sharing

HOME = Recipe(0.01, 0.01, Sharing("hard", 2), "equal")


@pytest.fixture
def outcome(digits_outcome: Outcome) -> Outcome:
    rows = [
        ("digit+odd", 2, "hard", 1, "equal", "", "", 0.08, 0.02, 0.14, 0.001, 0.004, 5),
        ("digit+ink", 2, "hard", 1, "equal", "", "", -0.02, -0.09, 0.05, 0.5, 0.5, 5),
        ("digit+odd", 2, "hard", 2, "uncertainty", "", "", -0.3, -0.4, -0.2, 0.001, 0.004, 5),
    ]
    ways = pd.DataFrame(rows, columns=list(WAY_COLUMNS))
    other = replace(HOME, sharing=Sharing("hard", 1))
    return replace(digits_outcome, ways=ways, recipes=Recipes(HOME, HOME, (other,)))


def test_ways_are_counted_and_the_best_comes_first(outcome: Outcome) -> None:
    table = ways_table(outcome)
    assert table[["depth", "weighting"]].to_numpy().tolist() == [[1, "equal"], [2, "uncertainty"]]
    assert table[["n_networks", "n_better", "n_worse"]].to_numpy().tolist() == [[2, 1, 0], [1, 0, 1]]
    assert table["mean"].tolist() == pytest.approx([0.03, -0.3])


def test_the_page_says_which_way_subsets_were_compared_in(outcome: Outcome) -> None:
    page = render_page(outcome)
    assert "How shared, how weighted" in page
    assert "All were measured with 2 blocks shared, equal weighting" in page, "so is the heatmap"
    assert "compared with 2 blocks shared, equal weighting; 2 of them also in another way" in page


def test_nothing_is_said_where_there_was_one_way(digits_outcome: Outcome) -> None:
    assert ways_table(digits_outcome).empty
    page = render_page(digits_outcome)
    assert "How shared, how weighted" not in page
    assert "All were measured with" not in page


def test_the_page_says_what_is_beyond_seed_noise(outcome: Outcome) -> None:
    """A weighting that was lucky at three seeds would be taken for a better one."""
    assert "better for 1 network and worse for 1 network" in render_page(outcome)
    unclear = replace(outcome, ways=outcome.ways.assign(q_value=0.5))
    assert "No other way differs from it beyond seed noise" in render_page(unclear)


def test_the_usual_sampling_has_its_name(outcome: Outcome) -> None:
    """Rows are always sampled somehow; "none" would tell a reader that some were not."""
    ways = outcome.ways.assign(sampling=["round_robin", "", ""])
    page = render_page(replace(outcome, ways=ways))
    assert "round robin" in page
    assert ">proportional<" in page
