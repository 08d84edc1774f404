"""YAML's `on`, `yes` and `true` are no numbers: taken as 1, they would train other networks than meant."""

from __future__ import annotations

from typing import Any

import pytest
from planted import document

from taskgroup.errors import InputError
from taskgroup.spec import parse_study


@pytest.mark.parametrize(
    ("changes", "place"),
    [
        ({"training": {"epochs": True}}, "training.epochs"),
        ({"training": {"learning_rate": True}}, "training.learning_rate"),
        ({"search": {"seeds": True}}, "search.seeds"),
        ({"search": {"sharing": {"depth": [1, True]}}}, "search.sharing.depth[1]"),
        ({"grouping": {"budget": True}}, "grouping.budget"),
        ({"model": {"widths": [8, True]}}, "model.widths[1]"),
        ({"seed": False}, "seed"),
    ],
)
def test_they_are_refused_by_name(changes: dict[str, Any], place: str):
    """The search would be another one, without a word."""
    value = place != "seed"
    with pytest.raises(InputError) as caught:
        parse_study({**document("memory"), **changes})
    assert f"'{place}' is {value}; use a number" in str(caught.value)


def test_settings_that_may_be_booleans_stay_so():
    """`adversarial: true` is the strength 1, and derived targets are smoothed by a number only."""
    nuisance = {"name": "extra", "kind": "binary", "role": "auxiliary", "adversarial": True}
    study = document("memory")
    assert parse_study({**study, "tasks": [*study["tasks"], nuisance]}).task("extra").adversarial == 1.0
    smoothed = {"quantise": study["tasks"][0]["name"], "smooth": True}
    derived = {"name": "extra", "role": "auxiliary", "derive": smoothed}
    with pytest.raises(InputError, match=r"'tasks\[\d+\].derive.smooth' is True; use a number"):
        parse_study({**study, "tasks": [*study["tasks"], derived]})
